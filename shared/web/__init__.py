"""The HTTP edge: typed endpoints on Starlette, the OpenAPI document, response profiles, errors, middleware."""

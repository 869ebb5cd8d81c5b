// Runs before the first paint, so that the page never flashes in the other theme, and follows the system afterwards.
(() => {
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => {
    try {
      return localStorage.getItem('opsplane.theme');
    } catch {
      return null; // Storage may be forbidden: then the system decides.
    }
  };
  const apply = () => {
    const choice = chosen();
    const wanted = system.matches ? 'dark' : 'light';
    document.documentElement.dataset.theme = choice === 'light' || choice === 'dark' ? choice : wanted;
  };
  apply();
  system.addEventListener('change', apply);
})();

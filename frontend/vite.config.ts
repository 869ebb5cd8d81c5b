import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const BACKEND = process.env.OPSPLANE_BACKEND ?? 'http://127.0.0.1:8000';
const COMPRESSIBLE = /\.(js|css|html|svg)$/;

/** Writes a .gz next to every text file, so that the server never compresses at request time. */
function gzipNextToFiles(): Plugin {
  const compressFolder = (folder: string) => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        compressFolder(file);
      } else if (COMPRESSIBLE.test(entry.name)) {
        fs.writeFileSync(`${file}.gz`, zlib.gzipSync(fs.readFileSync(file), { level: 9 }));
      }
    }
  };
  let out = '';
  return {
    name: 'gzip-next-to-files',
    apply: 'build',
    configResolved(config) {
      out = path.resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      if (fs.existsSync(out)) {
        compressFolder(out);
      }
    },
  };
}

const proxied = { target: BACKEND, ws: true };

export default defineConfig({
  plugins: [react(), gzipNextToFiles()],
  server: {
    proxy: { '/api': proxied, '/graphql': proxied, '/ws': proxied, '/readyz': proxied },
  },
  build: { target: 'es2023', sourcemap: false, assetsInlineLimit: 0 },
});

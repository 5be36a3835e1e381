// The page asks Prometheus under its own address, and reads the dashboard from the repository.
import { defineConfig } from "vite";
import { fileURLToPath } from "node:url";

const prometheus = process.env.PROMETHEUS ?? "http://127.0.0.1:9090";
const repository = process.env.REPOSITORY ?? fileURLToPath(new URL("../..", import.meta.url));

export default defineConfig({
  server: { proxy: { "/api": prometheus }, fs: { allow: [repository, "."] } },
  esbuild: { jsx: "automatic" },
  define: { "process.env.NODE_ENV": '"development"', global: "globalThis" },
  resolve: {
    alias: {
      "@dashboard": `${repository}/k8s/components/grafana-dashboard/slipway.json`,
      "react-custom-scrollbars-2": fileURLToPath(new URL("scrollbars.js", import.meta.url)),
    },
  },
});

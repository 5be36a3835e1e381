// Stands in for react-custom-scrollbars-2, whose CommonJS vite hands to Grafana's table in a form that it cannot draw.
import { createElement, forwardRef } from "react";

export const Scrollbars = forwardRef(({ children, style }, ref) =>
  createElement("div", { ref, style: { overflow: "auto", height: "100%", ...style } }, children),
);
export default Scrollbars;

// The dashboard's panels, row by row. Heatmaps are no part of Grafana's component library and are left out.
// ?minutes=15 looks back so far; &from=0&to=4 shows some of the rows.
import { createRoot } from "react-dom/client";
import { createTheme, dateTime } from "@grafana/data";
import { GlobalStyles, PortalContainer, ThemeContext } from "@grafana/ui";
import dashboard from "@dashboard";
import { Panel, prepared } from "./panel.jsx";
import { frames } from "./prometheus.js";

const COLUMN = 66;
const LINE = 36;
const GAP = 8;

const asked = new URLSearchParams(location.search);
const minutes = Number(asked.get("minutes") ?? 15);
const to = Math.floor(Date.now() / 10000) * 10000;
const from = to - minutes * 60000;
const range = { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } };
const theme = createTheme({ colors: { mode: "light" } });

function rows() {
  const made = [];
  for (const panel of dashboard.panels) {
    if (panel.type === "row") made.push({ title: panel.title, panels: [] });
    else if (panel.type !== "heatmap" && panel.type !== "text") made.at(-1).panels.push(panel);
  }
  return made.filter(({ panels }) => panels.length).slice(Number(asked.get("from") ?? 0), Number(asked.get("to") ?? 99));
}

async function drawn(panel) {
  return { panel, data: prepared(panel, await frames(panel, { from, to }), theme) };
}

function Row({ title, panels }) {
  return (
    <section>
      <h3 style={{ margin: "12px 0 6px 4px", fontWeight: 500 }}>{title}</h3>
      <div style={{ display: "flex", flexWrap: "wrap", gap: GAP }}>
        {panels.map(({ panel, data }) => (
          <Panel
            key={panel.id}
            {...{ panel, data, theme, range }}
            width={panel.gridPos.w * COLUMN - GAP}
            height={panel.gridPos.h * LINE - GAP}
          />
        ))}
      </div>
    </section>
  );
}

const made = await Promise.all(
  rows().map(async ({ title, panels }) => ({ title, panels: await Promise.all(panels.map(drawn)) })),
);
document.body.style.background = theme.colors.background.canvas;
createRoot(document.getElementById("page")).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <div style={{ width: 24 * COLUMN, margin: 8 }}>
      {made.map((row) => (
        <Row key={row.title} {...row} />
      ))}
    </div>
    <PortalContainer />
  </ThemeContext.Provider>,
);
setTimeout(() => document.body.setAttribute("data-drawn", "yes"), 1500);

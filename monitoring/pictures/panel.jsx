// One panel of the dashboard, drawn by Grafana's own components, with the options that the dashboard's file gives it.
import { FieldConfigOptionsRegistry, applyFieldOverrides, getFieldDisplayValues } from "@grafana/data";
import {
  BarGauge,
  BigValue,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  PanelChrome,
  Table,
  TimeSeries,
} from "@grafana/ui";

// Grafana's server would apply the panel's defaults; here they are laid under what the series say of themselves.
export function prepared(panel, data, theme) {
  const { defaults } = panel.fieldConfig;
  const laid = data.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => ({ ...field, config: field.type === "time" ? {} : { ...defaults, ...field.config } })),
  }));
  return applyFieldOverrides({
    data: laid,
    fieldConfig: { defaults: {}, overrides: [] },
    fieldConfigRegistry: new FieldConfigOptionsRegistry(),
    replaceVariables: (text) => text,
    theme,
    timeZone: "utc",
  });
}

function values(panel, data, theme) {
  const { reduceOptions } = panel.options;
  return getFieldDisplayValues({
    data,
    fieldConfig: panel.fieldConfig,
    reduceOptions,
    replaceVariables: (text) => text,
    theme,
    timeZone: "utc",
  });
}

function Stat({ panel, data, width, height, theme }) {
  const [found] = data.length ? values(panel, data, theme) : [];
  const nothing = { text: panel.fieldConfig.defaults.noValue ?? "No data", numeric: Number.NaN };
  return (
    <BigValue
      value={found?.display ?? nothing}
      width={width}
      height={height}
      theme={theme}
      colorMode={panel.options.colorMode === "none" ? BigValueColorMode.None : BigValueColorMode.BackgroundSolid}
      graphMode={BigValueGraphMode.None}
      justifyMode={BigValueJustifyMode.Center}
      textMode={BigValueTextMode.Value}
    />
  );
}

function Bars({ panel, data, width, height, theme }) {
  const found = values(panel, data, theme);
  const each = Math.max(12, Math.floor(height / found.length) - 2);
  return found.map(({ display, field, view, colIndex }, place) => (
    <div key={place} style={{ height: each, marginBottom: 2 }}>
      <BarGauge
        value={display}
        field={{ ...field, max: field.max ?? Math.max(...found.map((one) => one.display.numeric)) }}
        display={view?.getFieldDisplayProcessor(colIndex)}
        width={width}
        height={each}
        theme={theme}
        orientation="horizontal"
        displayMode="basic"
        itemSpacing={2}
      />
    </div>
  ));
}

function Inside({ panel, data, width, height, theme, range }) {
  if (panel.type === "stat") return <Stat {...{ panel, data, width, height, theme }} />;
  if (panel.type === "bargauge") return <Bars {...{ panel, data, width, height, theme }} />;
  if (panel.type === "table") return <Table data={data[0]} width={width} height={height} />;
  if (panel.type === "timeseries" && data.length)
    return (
      <TimeSeries
        frames={data}
        timeRange={range}
        timeZone="utc"
        width={width}
        height={height}
        legend={panel.options.legend}
        structureRev={1}
      />
    );
  return <span>{panel.fieldConfig.defaults.noValue ?? "No data"}</span>;
}

export function Panel({ panel, data, width, height, theme, range }) {
  return (
    <PanelChrome title={panel.title} width={width} height={height} padding="md">
      {(innerWidth, innerHeight) => (
        <Inside {...{ panel, data, theme, range }} width={innerWidth} height={innerHeight} />
      )}
    </PanelChrome>
  );
}

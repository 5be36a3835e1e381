// Asks Prometheus as Grafana would for a panel, and makes data frames of its answers.
import { FieldType, toDataFrame } from "@grafana/data";

const STEP_S = 10;
const VARIABLES = {
  "$namespace": ".*",
  "$job": ".+",
  "$instance": ".+",
  "$model": ".*",
  "$version": ".*",
  "$__rate_interval": "30s",
};

function chosen(expr, rangeS) {
  const values = { ...VARIABLES, $__range: `${rangeS}s`, $__interval: `${STEP_S}s` };
  // Longer names first: none is a part of another that is replaced before it.
  const names = Object.keys(values).sort((a, b) => b.length - a.length);
  return names.reduce((text, name) => text.replaceAll(name, values[name]), expr);
}

async function ask(path, parameters) {
  const answer = await fetch(`/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const told = await answer.json();
  if (told.status !== "success") throw new Error(`${parameters.query}: ${told.error}`);
  return told.data.result;
}

function legend(target, labels) {
  if (target.legendFormat !== "__auto") return target.legendFormat.replace(/{{(\w+)}}/g, (_, name) => labels[name] ?? "");
  return Object.values(labels).join(" ");
}

function series(target, one) {
  const points = one.values ?? [one.value];
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: FieldType.time, values: points.map(([at]) => at * 1000) },
      {
        name: "Value",
        type: FieldType.number,
        labels: one.metric,
        config: { displayNameFromDS: legend(target, one.metric) },
        values: points.map(([, value]) => Number(value)),
      },
    ],
  });
}

function table(target, columns, answer) {
  const fields = columns.map((name) => ({
    name: name.replaceAll("_", " "),
    type: FieldType.string,
    values: answer.map(({ metric }) => metric[name] ?? ""),
  }));
  return toDataFrame({ refId: target.refId, fields });
}

export async function frames(panel, { from, to }) {
  const rangeS = Math.round((to - from) / 1000);
  const made = await Promise.all(
    panel.targets.map(async (target) => {
      const query = chosen(target.expr, rangeS);
      const answer = target.instant
        ? await ask("query", { query, time: to / 1000 })
        : await ask("query_range", { query, start: from / 1000, end: to / 1000, step: STEP_S });
      if (target.format !== "table") return answer.map((one) => series(target, one));
      const [organize] = panel.transformations;
      return [table(target, Object.keys(organize.options.indexByName), answer)];
    }),
  );
  return made.flat();
}

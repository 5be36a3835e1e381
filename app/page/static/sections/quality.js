// How good: beside its baselines, what it goes by, whether its probabilities come true, how far off its numbers are and
// where it is worst. Words first, then drawings. All of it from the manifest, which may lack any, or be a stranger's.
import { h } from "../dom.js";
import { ranges, reliability, strip } from "../judged.js";
import { baselineName, baselines, isError, mainMetric, metricMeaning, metricName } from "../scores.js";
import { alike, count, listed, number, percent, scoreBeside, short, signed } from "../words.js";

const FIRST = { metrics: 3, features: 8, groups: 5 }; // the rest is folded
const MOST = 200; // of anything that a manifest lists
const LOOKS_WORSE = 40; // one group in so many lies beyond a 95 % interval by chance alone
const FEW = 50; // claims, of which a share says little
const GOOD = 0.02, FAIR = 0.05; // how far probabilities are off on average
const INSIDE = [["half", "0.25", "0.75"], ["80 %", "0.1", "0.9"], ["95 %", "0.025", "0.975"]]; // quantiles of residuals

export default function ({ model }) {
  const column = (...parts) => h("div", {}, parts.map((part) => readable(part, model)));
  return h("section", { className: "card", id: "quality" }, h("h2", {}, "How good it is"), readable(scored, model),
    h("div", { className: "parts" }, [column(goesBy), column(reliable, farOff, worst)].filter((its) => its.firstChild)));
}

// What cannot be read takes nothing else along.
function readable(part, model) {
  try {
    return part(model);
  } catch {
    return say("Something that its bundle says here cannot be read.");
  }
}

const title = (words) => h("h3", {}, words);
const say = (...words) => h("p", {}, words);
const three = (value) => number(value, 3);
const between = ([low, high], text = three) => `${text(low)} to ${text(high)}`;
const folded = (words, ...content) => h("details", {}, h("summary", {}, words), content);

// ── beside others ──

function scored(model) {
  const metric = mainMetric(model), shipped = model.metrics?.shipped;
  if (!metric || !shipped) return say("Its bundle does not say how good it is.");
  const others = ["shipped", ...baselines(model)], graphs = Object.keys(model.metrics).filter((name) => !others.includes(name));
  const names = [metric, ...Object.keys(shipped).filter((name) => name !== metric)].slice(0, MOST);
  return [say(headline(model, metric), beside(model, metric)), table("Metrics of this model and others", model, names.slice(0, FIRST.metrics), others),
    (names.length > FIRST.metrics || graphs.length > 0) && folded(`All metrics (${names.length}), of all graphs`, table("All metrics", model, names, [...others, ...graphs].slice(0, MOST)))];
}

function headline(model, metric) {
  const rows = model.training?.rows?.test, interval = model.training?.intervals?.shipped?.[metric];
  const others = baselines(model).map((name) => `, ${baselineName(name)} ${scoreBeside(model.metrics[name][metric], model.metrics.shipped[metric])}`).join("");
  return [`On ${rows ? count(rows, "row") : "rows"} that it never saw: `, h("strong", {}, `${metricName(metric)} ${three(model.metrics.shipped[metric])}`),
    interval && ` (${between(interval)} on other rows of the kind)`, `${others}. `];
}

// Whether chance explains the difference to its strongest opponent, or the rows are too few to tell.
function beside(model, metric) {
  const intervals = model.training?.intervals ?? {}, key = Object.keys(intervals).find((name) => name.startsWith("shipped_less_"));
  const few = intervals.too_few?.[metric], ends = intervals[key]?.[metric];
  if (few) return `Take that with care: ${few.replaceAll("`", "")}.`;
  if (!ends) return "";
  const other = baselineName(key.slice("shipped_less_".length)) ?? "its strongest opponent", by = between(ends.map(Math.abs).sort((a, b) => a - b), alike(ends, 2));
  if (ends[0] <= 0 && ends[1] >= 0) return `Its difference to ${other} may be chance.`;
  return (ends[0] > 0) !== isError(model, metric) ? `It is better than ${other}, by ${by}.` : `${other[0].toUpperCase()}${other.slice(1)} is better, by ${by}.`;
}

function table(ariaLabel, model, names, models) {
  const heads = models.map((name) => h("th", { scope: "col" }, name === "shipped" ? "this model" : (baselineName(name) ?? short(name))));
  return h("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel }, h("table", {},
    h("thead", {}, h("tr", {}, h("td"), heads)), h("tbody", {}, names.map((name) => line(model, name, models)))));
}

function line(model, name, models) {
  const values = models.map((one) => model.metrics[one]?.[name]), known = values.filter(Number.isFinite), text = alike(known, 3);
  const best = text(isError(model, name) ? Math.min(...known) : Math.max(...known)), differ = new Set(known.map(text)).size > 1;
  const interval = model.training?.intervals?.shipped?.[name];
  return h("tr", {}, h("th", { scope: "row" }, short(metricName(name)), h("small", {}, metricMeaning(name))), values.map((value, place) => {
    const said = Number.isFinite(value) ? text(value) : "";
    return h("td", {}, differ && said === best ? h("strong", {}, said, h("small", {}, "best")) : said, models[place] === "shipped" && interval && h("small", {}, between(interval, text)));
  }));
}

// ── what it goes by ──

function goesBy({ training }) {
  const { lost, metric } = training?.importances ?? {};
  if (!lost) return null;
  const found = Object.entries(lost).sort((a, b) => b[1][0] - a[1][0]).slice(0, MOST), needed = found.filter(([, [, low]]) => low > 0).slice(0, 3);
  const ends = found.flatMap(([, all]) => all), from = Math.min(0, ...ends), to = Math.max(...ends), text = alike([to], 3);
  return [title("What it goes by"),
    say(needed.length ? `Mostly by ${listed(needed.map(([name]) => short(name)))}. ` : "No feature alone is told from a useless one. ",
      `A bar is how much ${metricName(metric)} is lost when the values of a feature are shuffled. It says nothing about causes.`),
    strips("features", found.map(([name, [value, low, high]]) => row(name, "", strip({ low, value, high, from, to, bar: 0 }), text, [value, low, high])))];
}

function strips(what, rows) {
  const its = (some) => h("ul", { className: "bars strips" }, some), first = FIRST[what];
  return rows.length <= first + 2 ? its(rows) : [its(rows.slice(0, first)), folded(`${rows.length - first} more ${what}`, its(rows.slice(first)))];
}

const row = (name, note, drawing, text, [value, ...ends]) =>
  h("li", {}, h("span", { className: "name" }, short(name), note && h("small", {}, note)), drawing, h("span", { className: "text" }, text(value), h("small", {}, between(ends, text))));

// ── probabilities ──

function reliable({ training }) {
  const { of, bins } = training?.reliability ?? {};
  if (!bins?.length) return null;
  const cases = bins.reduce((sum, [, , n]) => sum + n, 0), off = bins.reduce((sum, [says, came, n]) => sum + n * Math.abs(says - came), 0) / cases;
  const gap = ([says, came]) => Math.abs(says - came), [says, came, n] = bins.filter((bin) => bin[2] >= Math.min(FEW, cases / 2)).reduce((a, b) => (gap(b) > gap(a) ? b : a), bins[0]);
  const verdict = off < GOOD ? "can be taken at their word" : off < FAIR ? "can roughly be taken at their word" : "are not to be taken at their word";
  return [title("Does it come true?"), h("div", { className: "beside" }, reliability(bins), h("div", {},
    say(`Its probabilities ${verdict}: ${short(of, 80)} is off by ${(100 * off).toFixed(1)} points on average.`),
    say(`Farthest off: where it says ${percent(says)}, it came true in ${percent(came)} of ${count(n, "case")}.`),
    say(adjusted(training)), folded("As a table", binned(bins))))];
}

function adjusted({ temperature, threshold }) {
  if (threshold) return `A threshold of ${percent(threshold.value)} was moved to one half, which moves the probabilities with it.`;
  return typeof temperature === "number" ? "On the diagonal it would always be right; a larger dot stands for more cases." : "They were not calibrated: take them for scores.";
}

const binned = (bins) => h("table", {}, h("thead", {}, h("tr", {}, ["It says", "Came true", "Cases"].map((head) => h("th", { scope: "col" }, head)))),
  h("tbody", {}, bins.map(([says, came, n]) => h("tr", {}, [percent(says), percent(came), n.toLocaleString("en")].map((cell) => h("td", {}, cell))))));

// ── numbers ──

function farOff({ training }) {
  const { level, half_width, quantiles, rows } = training?.residuals ?? {};
  if (!quantiles) return null;
  const known = INSIDE.map(([what, ...ends]) => [what, ends.map((share) => quantiles[share])]).filter(([, ends]) => ends.every(Number.isFinite));
  const words = known.map(([what, ends]) => `between ${listed(ends.map((value) => signed(value, 3)))} in ${what} of them`);
  return [title("How far off it is"), say(h("strong", {}, `±${three(half_width)}`), ` holds the truth in ${percent(level)} of ${count(rows, "row")} that it never saw.`),
    known.length > 0 && [ranges(known.map(([, ends]) => ends), quantiles["0.5"]), say(`The truth less the answer, which is the dotted line, lies ${listed(words)}.`)]];
}

// ── where it is worst ──

function worst({ training }) {
  const { metric, overall, judged, worse, worst: found } = training?.slices ?? {};
  if (!found?.length) return null;
  const all = [overall, ...found.slice(0, MOST).flatMap(({ low, high }) => [low, high])], from = Math.min(...all), to = Math.max(...all), text = alike(all, 3);
  const groups = judged ? `Of ${count(judged, "group")} of rows, ${worse} ${worse === 1 ? "is" : "are"} worse than that; by chance alone some ${Math.round(judged / LOOKS_WORSE)} would look so. ` : "";
  return [title("Where it is worst"),
    say(`On all rows ${metricName(metric)} is ${text(overall)}, the dotted line. ${groups}A group is a place to look, not a proof.`,
      metric === "roc_auc" && " Within a group, what tells groups apart no longer helps to rank: some loss is natural."),
    strips("groups", found.slice(0, MOST).map(({ feature, value, rows, score, low, high }) =>
      row(`${feature}: ${value}`, count(rows, "row"), strip({ low, value: score, high, from, to, line: overall }), text, [score, low, high])))];
}

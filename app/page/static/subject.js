// One version on the page, and the row that is looked at. Sections listen to it:
//   row      the row changed            answer   there is a new answer to it
//   feature  "what if" shows another    fault    the service refused, detail: the error
import * as service from "./service.js";

const WAIT_MS = 30; // for the next key or step of a slider

export class Subject extends EventTarget {
  #end = new AbortController();
  #asking = null;
  #timer = 0;

  constructor({ model, versions, profile, examples, features, answerType }) {
    super();
    Object.assign(this, { model, versions, profile, examples, features, answerType });
    this.closed = this.#end.signal;
    this.answer = null;
    this.feature = null;
    this.reference = this.#typical();
    this.row = { ...this.reference };
  }

  // The typical row: the median or the most frequent value of each feature, as training saw it.
  #typical() {
    const example = this.examples[0] ?? this.model.example?.instances?.[0] ?? {};
    return Object.fromEntries(this.model.features.map((feature) =>
      [feature.name, this.features[feature.type].typical?.(feature, this.bins(feature.name)) ?? example[feature.name] ?? null]));
  }

  bins(name) { return this.profile?.features?.[name]; }
  kind(feature) { return this.features[feature.type]; }

  set(changes) { this.replace({ ...this.row, ...changes }); }

  replace(row) {
    this.row = row;
    this.#tell("row");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), WAIT_MS);
  }

  look(name) { this.feature = name; this.#tell("feature"); }

  close() { clearTimeout(this.#timer); this.#asking?.abort(); this.#end.abort(); }

  async #ask() {
    this.#asking?.abort();
    const asking = this.#asking = new AbortController();
    try {
      const [answer] = await service.predict(this.model, [this.row], asking.signal);
      if (asking.signal.aborted) return;
      this.answer = answer;
      this.#tell("answer", { signal: asking.signal });
    } catch (error) {
      if (error.name !== "AbortError") this.#tell("fault", error);
    }
  }

  #tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}

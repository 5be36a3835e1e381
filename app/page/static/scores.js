// Which of a model's metrics is the main one, and what metrics and baselines are called.

const USUAL = ["roc_auc", "macro_f1", "r2", "rmse", "accuracy"]; // where the manifest does not say which one it is about

export function mainMetric(model) {
  const shipped = model.metrics?.shipped ?? model.metrics ?? {};
  const found = [model.training?.judged_by?.metric, model.training?.importances?.metric, ...USUAL, ...Object.keys(shipped)];
  return found.find((name) => name && Number.isFinite(shipped[name])) ?? null;
}

const NAMES = { roc_auc: "ROC AUC", pr_auc: "PR AUC", r2: "R²", rmse: "RMSE", mae: "MAE", f1: "F1", micro_f1: "micro F1", macro_f1: "macro F1" };
export const metricName = (name) => NAMES[name] ?? name.replaceAll("_", " ");

// Where a sentence begins with it.
export const metricTitle = (name) => metricName(name).replace(/^[a-z]/, (letter) => letter.toUpperCase());

const MODELS = { baseline: "guessing", linear: "a linear model", hist_gradient_boosting: "gradient boosting",
  tfidf_svm: "a linear SVM of words", tfidf_linear: "a linear model of words" };
export const baselines = (model) => Object.keys(MODELS).filter((name) => model.metrics?.[name]).reverse();
export const baselineName = (name) => MODELS[name];

// Where a manifest does not say of which metrics less is better, their names do.
export function isError(model, name) {
  const errors = model.training?.judged_by?.errors;
  return Array.isArray(errors) ? errors.includes(name) : /loss|error|mae|mse/.test(name);
}

const MEANINGS = {
  roc_auc: "how well it ranks; 0.5 is guessing, 1 is best",
  pr_auc: "how clean the top of its ranking is",
  accuracy: "share of rows it gets right",
  balanced_accuracy: "share it gets right, each label counting alike",
  precision: "of what it names, the share that is so",
  recall: "of what is so, the share it names",
  f1: "precision and recall in one",
  log_loss: "how far probabilities are off; 0 is best",
  r2: "share of the differences it explains",
  mae: "how far off it is on average",
  rmse: "how far off it is, large errors counting more",
  micro_f1: "F1 of all labels together",
  macro_f1: "F1, each label counting alike",
  exact: "share of rows with every label right",
  ranking: "how far up the right labels stand",
};
export const metricMeaning = (name) => (Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : null);

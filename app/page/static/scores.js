// Which of a model's metrics is the main one, and what metrics and baselines are called.

const USUAL = ["roc_auc", "macro_f1", "r2", "rmse", "accuracy"]; // where the manifest does not say which one it is about

export function mainMetric(model) {
  const shipped = model.metrics?.shipped ?? model.metrics ?? {};
  const found = [model.training?.importances?.metric, ...USUAL, ...Object.keys(shipped)];
  return found.find((name) => name && Number.isFinite(shipped[name])) ?? null;
}

const NAMES = { roc_auc: "ROC AUC", pr_auc: "PR AUC", r2: "R²", rmse: "RMSE", mae: "MAE", f1: "F1" };
export const metricName = (name) => NAMES[name] ?? name.replaceAll("_", " ");

const MODELS = { baseline: "guessing", linear: "a linear model", hist_gradient_boosting: "gradient boosting" };
export const baselines = (model) => Object.keys(MODELS).filter((name) => model.metrics?.[name]).reverse();
export const baselineName = (name) => MODELS[name];

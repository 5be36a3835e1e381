"""The alerts of the objectives: how fast the budget of errors burns, one alert for each pair of windows."""

from monitoring.alert import Alert
from monitoring.objectives import BURNS, FEWEST, PERIOD_DAYS, SECONDS, Burn, Objectives


def burns(objectives: Objectives) -> list[Alert]:
    """Make the alerts of both objectives."""
    bound = f"{objectives.bound_ms:g} ms"
    failed = (_alert(burn, "SlipwayErrorBudgetBurn", "failed", objectives.availability, "failed") for burn in BURNS)
    slow = (
        _alert(burn, "SlipwayLatencyBudgetBurn", "slow", objectives.latency, f"failed or took longer than {bound}")
        for burn in BURNS
    )
    return [*failed, *slow]


def _alert(burn: Burn, name: str, what: str, objective: float, did: str) -> Alert:
    budget = f"{1 - objective:.6g}"

    def share(window: str) -> str:
        return f"model:slipway_requests_{what}:rate{window} / model:slipway_requests_valid:rate{window}"

    return Alert(
        name=name,
        severity=burn.severity,
        hold=burn.hold,
        expr=(
            f"{share(burn.long)} > {burn.factor:g} * {budget}\n"
            f"and\n{share(burn.short)} > {burn.factor:g} * {budget}\n"
            f"and\nmodel:slipway_requests_{what}:rate{burn.long} * {SECONDS[burn.long]} >= {FEWEST}"
        ),
        summary=(
            f"{{{{ $labels.model }}}} would spend its budget of {what} requests for {PERIOD_DAYS} days in {burn.days}."
        ),
        description=(
            f"{{{{ $value | humanizePercentage }}}} of the valid requests to {{{{ $labels.model }}}} {did} in the last "
            f"{burn.long}; the objective allows {100 * (1 - objective):.3g}% over {PERIOD_DAYS} days."
        ),
        labels={"long": burn.long, "short": burn.short},
    )

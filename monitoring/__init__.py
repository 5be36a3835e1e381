"""What watches the service: rules, alerts and the dashboard, as code; `python -m monitoring` writes their files.

    objectives.py      what is promised, and the windows in which the promise is judged
    recording.py       the series that rules and panels share
    alert.py           what an alert is
    alerts.py          every alert in one list, but those of the objectives
    burn.py            the alerts of the objectives, one for each pair of windows
    rules.py           these as a rule file for Prometheus, and as an object for its operator
    panels.py          what a panel is
    rows_service.py    the rows about the service: its promise, and where the time goes
    rows_models.py     the rows about models: what is served, and what it is asked
    dashboard.py       the dashboard, row by row
    watch.py           `make watch`: service, Prometheus and a gentle load on this machine
    load.py            that load: every protocol, and now and then a request that is wrong

It knows the service by the names on its `/metrics` alone, and imports nothing of it.
"""

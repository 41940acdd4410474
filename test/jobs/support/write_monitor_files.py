"""``python write_monitor_files.py FOLDER``: a model's baselines, and what each monitor writes of a drifted period.

``baselines`` holds the former, ``<monitor>`` the latter.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from monitored import Monitored

PERIOD = {"start_time": "2026-11-21T11:00:00Z", "end_time": "2026-11-21T12:00:00Z"}
ROWS = 600


def write(folder: Path, live: "Monitored") -> None:
    import monitor
    import monitored

    window = live.window(np.random.default_rng(2), ROWS)
    features, scores = window.features.copy(), window.scores.copy()
    features[:, 7] += 2
    features[::3, 9] = np.nan
    scores[np.flatnonzero(features[:, -1] >= 100)[::2]] = 0.99
    # The ranking of attributions turned round.
    told = json.loads((live.baseline / "explainability" / "analysis.json").read_text())
    values = list(told["explanations"]["kernel_shap"]["label0"]["global_shap_values"].values())
    ranked = np.argsort(values)
    turned = window.features.copy()
    turned[:, ranked] = window.features[:, ranked[::-1]]
    changes = {"data-quality": {"features": features}, "model-explainability": {"features": turned}}
    for kind in monitor.MONITORS:
        change = changes.get(kind, {"scores": scores})
        captured, labels = monitored.capture(folder / "period" / kind, replace(window, **change))
        whole = kind in ("model-bias", "model-explainability")
        arguments = {
            "--monitor": kind,
            "--captured": captured,
            "--ground-truth": labels,
            "--baseline": live.baseline if whole else live.baseline / kind,
            "--model": live.folder / "model",
            "--output": folder / kind,
        }
        monitor.main(monitor.arguments([str(part) for pair in arguments.items() for part in pair]), PERIOD)


if __name__ == "__main__":
    here = Path(__file__).resolve()
    for name in ("shared", "baselines", "monitor"):
        sys.path.insert(0, str(here.parents[3] / "jobs" / name))
    from monitored import make

    write(Path(sys.argv[1]), make(Path(sys.argv[1])))

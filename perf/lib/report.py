"""Results for people."""

from lib.result import reached


def _number(value):
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def show(result):
    """A few lines on the terminal."""
    name, metrics = result["scenario"], result["metrics"]
    for cell in result["cells"]:
        print(f"{name}: {cell['key']} [{cell['cell']}] median {_number(cell['median'])}, worst of {cell['pairs']} pairs {_number(cell['worst'])}")
    if "stage_cycles" in result:
        print(f"{name}: cycles by stage: " + ", ".join(f"{k} {v:.0f}" for k, v in result["stage_cycles"].items()))
    for key, why in result["unmeasured"].items():
        print(f"{name}: {key} UNMEASURED: {why}")
    for what in result["checked"]:
        print(f"{name}: checked: {what}")
    for text in result["notes"]:
        print(f"{name}: note: {text}")
    for key, floor in result["floors"].items():
        value = f"{metrics[key]:.3f}" if key in metrics else "no figure"
        print(f"{name}: {key} {value}, floor {floor:.2f}: {'reached' if reached(key, floor, metrics) else 'NOT REACHED'}")

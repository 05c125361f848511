"""What there is to compute on."""

from __future__ import annotations

import platform
from typing import Any

from s2s_live.commands.checks.child import ask
from s2s_live.commands.checks.finding import Finding, ok, warn
from s2s_live.live.threads import usable_cores


def check_machine() -> list[Finding]:
    """Processor, its features and threads, and graphics cards that torch or OpenVINO can use."""
    answers, death = ask("processors")
    facts: dict[str, Any] = {}
    for one in answers:
        facts.update(one)
    cores = usable_cores()
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    findings = [
        ok("machine", "system", system),
        ok("machine", "cores", str(cores))
        if cores > 1
        else warn("machine", "cores", "1", "Expect a low frame rate: two cores or more are needed."),
    ]
    if "cpu" in facts:
        half = "with" if facts.get("bf16") else "without"
        findings.append(ok("machine", "processor", f"{facts['cpu']}, {half} bfloat16"))
        findings.append(_graphics(facts))
    if "openvino" in facts:
        names = "; ".join(f"{key}: {name}" for key, name in facts["openvino"].items())
        findings.append(ok("machine", "OpenVINO", names))
    if death:
        findings.append(warn("machine", "processors", death, "See the libraries above."))
    return findings


def _graphics(facts: dict[str, Any]) -> Finding:
    """The graphics card, which nothing needs."""
    if facts["cuda"]:
        return ok("machine", "GPU", ", ".join(facts["cuda"]))
    if facts["mps"]:
        return ok("machine", "GPU", "Apple GPU (Metal)")
    return ok("machine", "GPU", "none that torch can use; the bundled model needs none")

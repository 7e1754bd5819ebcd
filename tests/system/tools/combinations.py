# SPDX-License-Identifier: Apache-2.0
"""Writes an experiment of runs composed at random of all parts that rogctl lists.

combinations.py SEED COUNT <plugins.json >x.conf
"""
import json
import random
import re
import sys

SETTING_OF_KIND = {
    "compression": "compression_parameters",
    "server_optimizer": "server_optimizer_parameters",
    "local_optimizer": "local_optimizer_parameters",
}
INFINITE = 2147483647

def literal(value):
    """Returns a value in the syntax of experiment files."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"%s"' % value
    if isinstance(value, dict):
        return "{ %s }" % " ".join("%s = %s;" % (k, literal(v)) for k, v in value.items())
    if isinstance(value, float):
        return "%.9e" % value
    return str(value)

def drawn(rng, allowed):
    """Draws a value of a parameter: one of its choices, a bound, or a value in between."""
    if allowed.startswith("true or false"):
        return rng.random() < 0.5
    choices = re.match(r"one of ([^;]*);", allowed)
    if choices:
        choice = rng.choice(choices.group(1).split(", "))
        return int(choice) if choice.isdigit() else choice
    low, high = (float(x) for x in re.search(r"from (\S+) to ([0-9.e+-]+)", allowed).groups())
    default = float(re.search(r"default (\S+)", allowed).group(1))
    value = rng.choice([low, high, default, default, low + (high - low) * rng.random() ** 8])
    return int(min(value, INFINITE)) if "whole number" in allowed else value

def parameters(rng, part):
    return {p["name"]: drawn(rng, p["allowed"]) for p in part["parameters"] if rng.random() < 0.5}

def choose(rng, settings, parts, setting, group):
    part = rng.choice([p for p in parts if p.get("setting") == setting])
    settings[group[0]] = part["name"]
    given = parameters(rng, part)
    if given:
        settings[group[1]] = given

def run(rng, parts, index):
    settings = {"note": "run %d" % index, "seed": index}
    strategy = rng.choice([p for p in parts if "library" in p])
    limits = strategy["threshold"]
    settings["library"] = strategy["library"]
    settings["threshold"] = rng.choice(
        [limits["default"], limits["min"], min(limits["max"], limits["min"] + rng.randrange(9)),
         min(limits["max"], 1000000)])
    settings["parameters"] = parameters(rng, strategy)
    choose(rng, settings, parts, "compression", ("compression", SETTING_OF_KIND["compression"]))
    if rng.random() < 0.5:
        choose(rng, settings, parts, "compression",
               ("pull_compression", "pull_compression_parameters"))
    choose(rng, settings, parts, "server_optimizer",
           ("server_optimizer", SETTING_OF_KIND["server_optimizer"]))
    if rng.random() < 0.5:
        settings["contribution"] = "delta"
        choose(rng, settings, parts, "local_optimizer",
               ("local_optimizer", SETTING_OF_KIND["local_optimizer"]))
        settings["merge"] = rng.choice([0.0, 0.5, 1.0])
    else:
        settings["momentum_kind"] = rng.choice(["block", "nesterov", "heavy_ball"])
        settings["momentum_masking"] = rng.random() < 0.3
    settings["overlap"] = rng.random() < 0.3
    settings["error_feedback"] = rng.choice([1.0, 1.0, 0.0, rng.random()])
    settings["clip_norm"] = rng.choice([0.0, 1.0])
    settings["compression_warmup"] = rng.choice([0, 0, 3, 1000000000])
    settings["batchsize"] = rng.choice([1, 1, 3])
    settings["learning_rate"] = rng.choice([0.0, 1e-6, 0.0003, 0.01, 1000.0])

    settings["workload"] = rng.choice(["train", "none"])
    if settings["workload"] == "train":
        settings["checkpoint_average"] = rng.choice([0.0, 0.0, 5.0])
    settings["wire_model"] = rng.choice(["same", "same", "convmlp-m"])
    return settings

def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    parts = json.load(sys.stdin)
    rng = random.Random(seed)
    print('case = "random"; seconds = 60.0; batch = 2; test_images = 8; pretrain_epochs = 0;')
    print("runs = (")
    print(",\n".join("    " + literal(run(rng, parts, i + 1)) for i in range(count)))
    print(");")

if __name__ == "__main__":
    main()

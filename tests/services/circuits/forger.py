"""A dishonest host's EZKL, in a process of its own: proves what it is given, with a rewritten witness if asked for."""

import json
import os
import sys

import ezkl


def main() -> None:
    report = os.dup(1)
    os.dup2(2, 1)
    task = json.load(sys.stdin)
    data, witness, proof = (
        os.path.join(task["folder"], name) for name in ("input.json", "witness.json", "proof.json")
    )
    words = [[int(value).to_bytes(32, "little").hex() for value in row] for row in task["inputs"]]
    with open(data, "w") as file:
        json.dump({"input_data": words}, file)
    ezkl.gen_witness(data, task["compiled"], witness)
    if task["count"] is not None:
        with open(witness) as file:
            made = json.load(file)
        made["outputs"][0][-1] = task["count"].to_bytes(32, "little").hex()
        with open(witness, "w") as file:
            json.dump(made, file)
    ezkl.prove(witness, task["compiled"], task["pk"], proof, srs_path=task["srs"])
    with open(proof) as file:
        made = json.load(file)
    answer = {
        "zk": bytes(made["proof"]).hex(),
        "instances": [
            str(int.from_bytes(bytes.fromhex(word), "little")) for word in made["instances"][0]
        ],
    }
    with os.fdopen(report, "w") as channel:
        json.dump(answer, channel)
    os._exit(0)


main()

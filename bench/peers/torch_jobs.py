"""Runs PyTorch on one thread for the benchmarks: one JSON object a line in, one out. Arrays are float32 in base64."""
import base64
import json
import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)


def array(text, shape):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32).reshape(shape).clone()


def text(*tensors):
    flat = torch.cat([t.detach().reshape(-1) for t in tensors]).contiguous()
    return base64.b64encode(flat.numpy().tobytes()).decode()


class Residual(nn.Module):
    def __init__(self, body, projection):
        super().__init__()
        self.body, self.projection = body, projection

    def forward(self, x):
        return self.body(x) + (self.projection(x) if self.projection else x)


def sequence(nodes):
    return nn.Sequential(*[module(node) for node in nodes])


def module(node):
    op = node["op"]
    if op == "conv":
        return nn.Conv2d(node["from"], node["to"], node["kernel"], node["stride"], node["padding"], bias=node["bias"])
    if op == "norm":
        return nn.BatchNorm2d(node["channels"])
    if op == "relu":
        return nn.ReLU(inplace=True)
    if op == "maxpool":
        return nn.MaxPool2d(node["kernel"], node["stride"], node["padding"])
    if op == "averagepool":
        return nn.AdaptiveAvgPool2d(1)
    if op == "flatten":
        return nn.Flatten()
    if op == "linear":
        return nn.Linear(node["from"], node["to"])
    return Residual(sequence(node["body"]), sequence(node["projection"]) if node["projection"] else None)


def network(job):
    model = sequence(job["nodes"])
    state = model.state_dict()
    with torch.no_grad():
        for value, numbers in zip(state.values(), job["weights"], strict=True):
            value.copy_(array(numbers, value.shape))
    return model


def conv(job):
    x = array(job["x"], job["input"])
    weight = array(job["weight"], job["filter"])
    bias = array(job["bias"], [job["filter"][0]])
    options = [job["stride"]] * 2, [job["padding"]] * 2, [1, 1]
    forward = lambda: torch.conv2d(x, weight, bias, *options, job["groups"])
    if job["part"] == "forward":
        return forward, text(forward())
    dy = array(job["dy"], forward().shape)
    backward = lambda: torch.ops.aten.convolution_backward(
        dy, x, weight, [len(bias)], *options, False, [0, 0], job["groups"], [True, True, True]
    )
    both = lambda: (forward(), backward())
    return backward if job["part"] == "backward" else both, text(*backward())


def inference(job):
    model = network(job).eval()
    x = array(job["x"], job["input"])
    run = lambda: model(x)
    return run, text(run())


def training(job):
    model = network(job).train()
    optimizer = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[job["optimizer"]](model.parameters(), lr=job["lr"])
    batches = [(array(b["x"], job["input"]), torch.tensor(b["labels"])) for b in job["batches"]]
    count = 0

    def step():
        nonlocal count
        x, labels = batches[count % len(batches)]
        count += 1
        optimizer.zero_grad(set_to_none=False)
        loss = nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    with torch.enable_grad():
        return torch.enable_grad()(step), text(*[step().reshape(1) for _ in range(job["losses"])])


def seconds(run, count):
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(count):
        run()
    return min(time.perf_counter() - wall, time.process_time() - processor) / count


def speed(run, flops):
    """GFLOP/s of the fastest of some runs."""
    run()
    return flops / min(seconds(run, 1) for _ in range(7)) / 1e9


def blas():
    """What multiplies matrices here, and how fast beside a convolution, which is oneDNN's whatever the BLAS."""
    with open("/proc/self/maps") as maps:
        files = {line.split("/")[-1].strip() for line in maps if "blas" in line}
    name = "OpenBLAS" if any("openblas" in file for file in files) else ", ".join(sorted(files)) or "a BLAS of its own"
    a, b = torch.randn(512, 512), torch.randn(512, 512)
    x, weight = torch.randn(1, 64, 56, 56), torch.randn(64, 64, 3, 3)
    product = speed(lambda: torch.mm(a, b), 2 * 512**3)
    convolution = speed(lambda: torch.conv2d(x, weight, None, 1, 1), 2 * 56 * 56 * 9 * 64 * 64)
    return {"name": name, "product": product, "convolution": convolution}


JOBS = {"conv": conv, "inference": inference, "training": training}
runs = []
print(json.dumps({"version": torch.__version__, "blas": blas()}), flush=True)
with torch.no_grad():
    for line in sys.stdin:
        job = json.loads(line)
        try:
            if job["do"] == "time":
                answer = {"seconds": seconds(runs[job["run"]], job["count"])}
            else:
                run, output = JOBS[job["do"]](job)
                runs.append(run)
                answer = {"run": len(runs) - 1, "output": output}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)

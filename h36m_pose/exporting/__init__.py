"""A trained run in files that others can run: StableHLO and ONNX, each with its constants and a model card."""

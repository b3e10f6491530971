# make demo    train, evaluate and translate offline, without a GPU
# make test    the whole test suite
# make test-deepspeed  install DeepSpeed and run the tests that need it; `make test` then runs them too
# make gpu     the tests and benchmarks that need a GPU, at most 20 minutes; writes gpu-report.md
# make stress  every fault of docs/reliability.md; within 20 minutes
# make check   formatting, lint, types, layers, and the links of the documentation
# make docs    the documentation as a site, build/site/index.html, to be read from files
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
GPU_REPORT := gpu-report.md

.PHONY: demo test test-deepspeed gpu stress check docs format clean install

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/t5tune train recipes/phrasebook-en-de.yaml --output-dir runs/demo
	$(BIN)/t5tune eval runs/demo
	$(BIN)/t5tune translate --model runs/demo \
		"I am sure that our friend has to put on his suit this afternoon." \
		"The train leaves at five to nine." "The old tourist has a blue bag."

test: $(STAMP)
	$(BIN)/python -m pytest

# The first start of DeepSpeed compiles a part of it, for minutes; if it is killed meanwhile, it leaves a
# lock that later starts wait for: `rm -r ~/.cache/torch_extensions` removes it.
test-deepspeed: $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,deepspeed]'
	$(BIN)/python -c "from deepspeed.comm.torch import build_shm_op; build_shm_op()"
	$(BIN)/python -m pytest -n0 tests/unit/test_upstream.py tests/unit/distributed/test_deepspeed.py \
		tests/integration/test_sharding.py

# Nothing is installed or run where there is no GPU. Benchmarks are run even if a test fails.
gpu: $(STAMP)
	@$(BIN)/python benchmarks/gpu_report.py $(GPU_REPORT); code=$$?; \
	if [ $$code = 3 ]; then exit 0; elif [ $$code != 0 ]; then exit $$code; fi; \
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,cuda]' || exit 1; \
	T5TUNE_TEST_DEVICE=cuda T5TUNE_GPU_REPORT=$(GPU_REPORT) $(BIN)/python -m pytest -n0 --session-timeout=480 tests/gpu; tests=$$?; \
	$(BIN)/python benchmarks/gpu.py --report $(GPU_REPORT) || exit 1; \
	echo "$(GPU_REPORT) has the results."; exit $$tests

stress: $(STAMP)
	$(BIN)/python -m pytest -m stress

# Strict: a link to a page, a heading or a file that does not exist is an error.
docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q -f docs/site/mkdocs.yml

check: docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv runs/demo build/site

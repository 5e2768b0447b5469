# Every target is one command that can also be typed by hand; `make help` lists them.
#
#   make demo                                    the whole pipeline on a small synthetic capture
#   make preprocess PRESET=full                  the same, step by step, on the larger one
#   H36M_ROOT=/path/to/release make preprocess   the real Human3.6M

PYTHON     ?= python3
PRESET     ?= demo
EXPERIMENT ?= $(if $(H36M_ROOT),default,$(if $(filter demo,$(PRESET)),demo,default))
WORKERS    ?= 2
OVERRIDES  ?=
EXPERIMENTS ?=
MOTIONS    ?=
JOBS       ?= 2
SEED       ?= 0

STUDIO     := data/$(PRESET)/raw
NAME       := $(if $(H36M_ROOT),h36m,$(PRESET))
ROOT       := $(or $(H36M_ROOT),$(STUDIO))
DATASET    ?= data/$(NAME)/dataset
RUN        ?= runs/$(if $(filter $(NAME),$(EXPERIMENT)),$(NAME),$(NAME)-$(EXPERIMENT))
H36M_POSE  := .venv/bin/h36m-pose
READY      := .venv/ready
MKDOCS     := NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict

# Many images set this. A command imports some 1,300 modules, which would be compiled afresh each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test check capture doctor preprocess pretrain finetune evaluate render bench experiments headline docs

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

setup: $(READY) ## make .venv with the locked versions, and compile the studio's inner loops

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"setup: found Python {v[0]}.{v[1]}; expected 3.11, 3.12 or 3.13. Name one: make setup PYTHON=python3.12." if not (3, 11) <= v[:2] <= (3, 13) else 0)'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	.venv/bin/python -m preprocessing.capture.warm_up
	@touch $@

demo: $(READY) ## the whole pipeline on the synthetic capture, about ten minutes
	$(H36M_POSE) demo --workers $(WORKERS)

test: $(READY) ## the tests, about ten minutes
	.venv/bin/python -m pytest -m "not slow" -n 2 --dist worksteal

check: $(READY) ## style, types, import rules, documentation
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports
	$(MKDOCS) --quiet --site-dir .site-check && rm -r .site-check

docs: $(READY) ## the documentation as a site, in site/
	$(MKDOCS)

capture: $(READY) ## write the synthetic capture (PRESET=demo or full)
	$(H36M_POSE) capture $(STUDIO) --preset $(PRESET) --workers $(WORKERS)

doctor: $(READY) ## what is there of the raw files, and what is wrong with it (H36M_ROOT=... for the release)
	$(H36M_POSE) doctor "$(ROOT)" --workers $(WORKERS)

preprocess: $(if $(H36M_ROOT),$(READY),capture) ## raw files to 128x128 crops and poses (H36M_ROOT=... for the release)
	$(H36M_POSE) preprocess "$(ROOT)" $(DATASET) --workers $(WORKERS)

pretrain: $(READY) ## the grid task
	$(H36M_POSE) train pretrain --experiment $(EXPERIMENT) --dataset $(DATASET) --run $(RUN) $(OVERRIDES)

finetune: $(READY) ## the pose regression, from the pretrained weights
	$(H36M_POSE) train finetune --experiment $(EXPERIMENT) --dataset $(DATASET) --run $(RUN) $(OVERRIDES)

evaluate: $(READY) ## metrics on the test subjects
	$(H36M_POSE) evaluate $(RUN) --dataset $(DATASET)

render: $(READY) ## video of a test sequence, predicted beside true
	$(H36M_POSE) render $(RUN) --dataset $(DATASET) --root "$(ROOT)"

STUDIED    := data/$(if $(H36M_ROOT),h36m,full)/dataset
STUDIES    := runs/experiments$(if $(H36M_ROOT),-h36m)

experiments: ## all tables of docs/results.md anew, hours in all (EXPERIMENTS=pretraining for one study)
	@$(MAKE) --no-print-directory preprocess PRESET=full
	$(H36M_POSE) experiments $(EXPERIMENTS) --dataset $(STUDIED) --jobs $(JOBS) --work $(STUDIES) \
		$(if $(MOTIONS),--motions "$(MOTIONS)")

headline: ## the original's claim with one seed (SEED=0), from nothing
	@$(MAKE) --no-print-directory preprocess PRESET=full
	$(H36M_POSE) experiments pretraining --rows scratch,pretrained --seeds $(SEED) --jobs $(JOBS) --dataset $(STUDIED) \
		--work runs/headline

bench: $(READY) ## rates of preprocessing and training on this machine
	$(H36M_POSE) bench --root "$(ROOT)" --dataset $(DATASET)

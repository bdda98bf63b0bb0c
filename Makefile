# SPDX-License-Identifier: GPL-2.0
#
# What a person types.  Kbuild is what the kernel's build reads.

KVER    ?= $(shell uname -r)
KDIR    ?= /lib/modules/$(KVER)/build
RULES   ?= $(DESTDIR)/etc/udev/rules.d

all: modules

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# updates/ comes before the kernel's own directory in depmod's search, so the
# stock dlm.ko stays where it is and is simply not chosen any more
install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_DIR=updates \
		$(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install
	install -D -m 644 dlm_user/51-dlm.rules $(RULES)/51-dlm.rules
	$(if $(DESTDIR),,depmod -a $(KVER))
	$(if $(DESTDIR),,-command -v udevadm >/dev/null && udevadm control --reload)

uninstall:
	rm -f $(DESTDIR)/lib/modules/$(KVER)/updates/dlm.ko* $(RULES)/51-dlm.rules
	$(if $(DESTDIR),,depmod -a $(KVER))

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean

demo:
	@tests/demo/run

check:
	@tests/check

check-all:
	@tests/check --all

lint:
	@tests/lint/run

kunit:
	@tests/kunit/run debug

sim:
	@SEED=$$(date +%s) SEEDS=$(SEEDS) SIM_TIMEOUT=86400 tests/check sim

vm-test:
	@tests/vm/suite --kernel 6.1

mutants:
	@tests/mutants/run

bench:
	@tests/bench/run

interop:
	@tests/interop/run -k "$(or $(KERNELS),all)"

help:
	@echo 'On a node:'
	@echo '  make              build dlm.ko for the running kernel (KVER=, KDIR= for another)'
	@echo '  make install      install it into updates/, with the udev rules'
	@echo '  make uninstall    take both away again'
	@echo '  make clean        remove what was built'
	@echo 'On any Debian 12 machine, in virtual machines (installs what it needs with apt):'
	@echo '  make demo         stock libdlm programs use lockspaces and locks, with a transcript'
	@echo '  make check        all checks that fit into 40 minutes'
	@echo '  make check-all    everything on all kernels'
	@echo '  make lint         rules of the house, sparse, checkpatch, kernel-doc'
	@echo '  make kunit        unit tests on the debug kernel'
	@echo '  make sim          clusters driven by chance, SEEDS=n of them'
	@echo '  make vm-test      the VM tests on Debian 12'\''s kernel'
	@echo '  make mutants      break the engine one line at a time: a test must notice'
	@echo '  make interop      nodes of ours and of the stock module in one lockspace, on all kernels, for hours'
	@echo '  make bench        compare with the stock module, in guest instructions'

.PHONY: all modules install uninstall clean demo check check-all lint kunit \
	sim vm-test mutants bench interop help

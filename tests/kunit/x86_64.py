# SPDX-License-Identifier: GPL-2.0
"""How kunit.py starts an x86_64 kernel: the ELF image through PVH where that
works (see flavour() in lib.sh), which saves compressing it after every edit and
unpacking it at every boot."""
import os

from ..qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(linux_arch='x86_64',
                           kconfig='''
CONFIG_SERIAL_8250=y
CONFIG_SERIAL_8250_CONSOLE=y
CONFIG_HYPERVISOR_GUEST=y
CONFIG_PARAVIRT=y
CONFIG_PVH=y''',
                           qemu_arch='x86_64',
                           kernel_path=os.environ.get('DLM_KUNIT_IMAGE', 'vmlinux'),
                           kernel_command_line='console=ttyS0',
                           extra_qemu_params=['-no-user-config', '-display', 'none'])

#!/usr/bin/env python3
"""Takes system calls away from a program for ever, and starts it.

Usage: seccomp.py recipe [--] COMMAND...
       seccomp.py foreign ROOT [--] COMMAND...

`recipe` is what no layer's recipe needs: watching other processes, the kernel's keys and programs, user
namespaces, what loads or restarts a kernel. `foreign`, for a project's own build code, changes the root
folder to ROOT first, and takes mounts, roots and namespaces away as well. What is refused fails with EPERM,
as for want of a right, or with ENOSYS where programs then take an older way that this can look into.

The filter is written by libseccomp (the package libseccomp2, which every Debian has).
"""

import ctypes
import errno
import os
import sys

# Of seccomp.h.
ALLOW = 0x7FFF0000
ERRNO = 0x00050000
MASKED_EQUAL = 7
UNKNOWN = -1

# Of sched.h: CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWNS, NEWTIME.
NEW_USER = 0x10000000
NEW = (0x02000000, 0x04000000, 0x08000000, NEW_USER, 0x20000000, 0x40000000, 0x00020000, 0x00000080)
# Of asm-generic/ioctls.h: puts characters into a terminal's input.
TIOCSTI = 0x5412

NEVER = (
    # Other processes.
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"),
    # The kernel's keys, programs and counters.
    *("keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd", "memfd_secret"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "fanotify_init", "lookup_dcookie", "syslog"),
    # Another kernel, its modules, its clock, its disks.
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot"),
    *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "swapon", "swapoff", "acct"),
    *("quotactl", "quotactl_fd", "iopl", "ioperm", "nfsservctl", "vhangup"),
    # Files past their folders, namespaces of others.
    *("open_by_handle_at", "setns", "sethostname", "setdomainname"),
)
# clone3 hides its flags behind a pointer; mounts by file descriptors have an older way too.
NOT_KNOWN = ("clone3", "fsopen", "fsconfig", "fsmount", "fspick", "open_tree", "move_mount", "mount_setattr")
NEVER_FOREIGN = ("mount", "umount2", "umount", "pivot_root", "chroot", "unshare")


class Comparison(ctypes.Structure):
    """libseccomp's scmp_arg_cmp."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class Filter:
    """What is not refused is allowed. A program of another architecture, such as a 32-bit one, is killed."""

    def __init__(self) -> None:
        try:
            self.library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        except OSError:
            sys.exit("seccomp.py: libseccomp.so.2 is not on this machine: apt-get install libseccomp2")
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.seccomp_init(ALLOW))
        if not self.context:
            sys.exit("seccomp.py: libseccomp makes no filter")

    def refuse(self, name: str, error: int, comparison: Comparison | None = None) -> None:
        """A call that libseccomp has no name for is newer than it; the kernel may know it nevertheless."""
        number = self.library.seccomp_syscall_resolve_name(name.encode())
        if number == UNKNOWN:
            return
        arguments = (Comparison * 1)(*([] if comparison is None else [comparison]))
        count = 0 if comparison is None else 1
        code = self.library.seccomp_rule_add_array(self.context, ERRNO | error, number, count, arguments)
        if code != 0:
            sys.exit(f"seccomp.py: {name} cannot be refused: {os.strerror(-code)}")

    def load(self) -> None:
        """For this process, and every one that it starts; no_new_privs comes with it."""
        code = self.library.seccomp_load(self.context)
        if code != 0:
            sys.exit(f"seccomp.py: the kernel takes no filter: {os.strerror(-code)}")


def filter_for(foreign: bool) -> Filter:
    """The filter of recipes, or of what is not kiln's."""
    made = Filter()
    for name in (*NEVER, *(NEVER_FOREIGN if foreign else ())):
        made.refuse(name, errno.EPERM)
    for name in NOT_KNOWN:
        made.refuse(name, errno.ENOSYS)
    for flag in NEW if foreign else (NEW_USER,):
        made.refuse("clone", errno.EPERM, Comparison(0, MASKED_EQUAL, flag, flag))
        if not foreign:
            made.refuse("unshare", errno.EPERM, Comparison(0, MASKED_EQUAL, flag, flag))
    made.refuse("ioctl", errno.EPERM, Comparison(1, MASKED_EQUAL, 0xFFFFFFFF, TIOCSTI))
    return made


def main(arguments: list[str]) -> None:
    """Does not return."""
    match arguments:
        case ["recipe", *command]:
            filter_for(foreign=False).load()
        case ["foreign", root, *command]:
            made = filter_for(foreign=True)
            os.chroot(root)
            os.chdir("/")
            made.load()
        case _:
            sys.exit(__doc__)
    command = command[1:] if command[:1] == ["--"] else command
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])

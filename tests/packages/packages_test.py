#!/usr/bin/python3
"""Installs the Debian packages on a Debian 12 that runs systemd, uses what they start, upgrades and removes them.

usage: packages_test.py BUILD_FOLDER (whose programs are built)
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import host as hosts

CAPABILITIES = {"CAP_DAC_READ_SEARCH": 2, "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21}
# What `systemd-analyze security` may find at most, times ten: less protection is a change to be seen.
MAX_EXPOSURE = {"listenq-agent.service": 22, "listenq-front.service": 11}

# Listens with a backlog of 5 and accepts nothing.
LISTENER = """
use Socket;
socket(my $socket, PF_INET, SOCK_STREAM, 0) or die $!;
bind($socket, sockaddr_in(8080, INADDR_ANY)) or die $!;
listen($socket, 5) or die $!;
$0 = "shop-api";
sleep;
"""


def require(condition, what):
    if not condition:
        raise AssertionError(what)


def make_packages(build, folder, release):
    """The packages of a build, as `./dev package` makes them but for the compression."""
    subprocess.run(["cpack", "--config", build / "CPackConfig.cmake", "-B", folder,
                    "-D", f"CPACK_DEBIAN_PACKAGE_RELEASE={release}", "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    packages = sorted(folder.glob(f"*-{release}_*.deb"))
    require(len(packages) == 3, f"three packages, not {packages}")
    return packages


def listeners(host, user, *flags):
    answer = host.run("listenq", "listeners", "-o", "json", *flags, user=user)
    return json.loads(answer)["items"]


def shop_api(host, user, *flags):
    """The listener's row as soon as the answer has it with the process' name."""
    def row():
        rows = [r for r in listeners(host, user, *flags) if r["localPort"] == 8080]
        return rows[0] if rows and rows[0].get("processes") else None
    return hosts.wait_for("the listener of shop-api, with its process", row)


def require_unit(host, unit, active, enabled):
    state = host.unit(unit, "ActiveState", "UnitFileState")
    require(state == (active, enabled), f"{unit} is {state}, not {(active, enabled)}")


def main_pid(host, unit):
    return int(host.unit(unit, "MainPID")[0])


# ---------------------------------------------------------------------------------------------------------
# What is checked, in this order


def check_installed(host):
    """The agent runs and is enabled, the front is neither."""
    require(host.run("dpkg", "--audit") == "", "dpkg --audit has nothing to say")
    require_unit(host, "listenq-agent", "active", "enabled")
    require_unit(host, "listenq-front", "inactive", "disabled")
    failed = host.run("systemctl", "--failed", "--plain", "--no-legend")
    require(failed == "", f"no unit failed: {failed}")
    require("kubectl listenq" in host.run("kubectl-listenq", "--help"), "the plugin knows its name")
    host.run("test", "-x", "/usr/bin/kubectl_complete-listenq")
    for name in ("listenq.1", "kubectl-listenq.1", "listenq-agent.8", "listenq-aggregator.8"):
        require(host.run("gzip", "-dc", f"/usr/share/man/man{name[-1]}/{name}.gz").startswith(".TH LISTENQ"), name)
    for path in ("bash-completion/completions/listenq", "zsh/vendor-completions/_listenq",
                 "fish/vendor_completions.d/listenq.fish"):
        require("listenq" in host.run("cat", f"/usr/share/{path}"), path)


def check_answers(host):
    """Who is in group listenq sees a listener in a network namespace that was made after the agent had started."""
    host.run("ip", "netns", "add", "lqt-shop")
    host.run("ip", "netns", "exec", "lqt-shop", "sh", "-c", "echo 777 > /proc/sys/net/core/somaxconn")
    host.start("ip", "netns", "exec", "lqt-shop", "setpriv", "--reuid=daemon", "--clear-groups",
               "perl", "-e", LISTENER)
    row = shop_api(host, "oncall", "--netns", "lqt-shop")
    require(row["limit"] == 5 and row["somaxconn"] == 777, row)
    require([p["comm"] for p in row["processes"]] == ["shop-api"], row)
    require("shop-api" in host.run("listenq", "top", "-n", "20", user="oncall"), "top shows it")
    value = host.run("listenq", "sysctls", "net.core.somaxconn", "--netns", "lqt-shop", user="oncall")
    require("777" in value, value)
    denied = host.try_run("listenq", "listeners", user="stranger")
    require(denied.returncode == 1 and "permission denied" in denied.stderr, denied)


def check_agent_is_confined(host):
    """What the unit says is in force."""
    pid = main_pid(host, "listenq-agent")
    status = host.status(pid)
    bounds = sum(1 << number for number in CAPABILITIES.values())
    require(int(status["CapEff"], 16) == int(status["CapBnd"], 16) == bounds, status["CapBnd"])
    require(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status)
    require(host.run("stat", "-c", "%U:%G %a", "/run/listenq").strip() == "root:listenq 750", "the socket's folder")
    require(host.run("stat", "-c", "%U:%G %a", "/run/listenq/agent.sock").strip() == "root:listenq 660", "the socket")
    inside = ("nsenter", "--target", str(pid), "--mount", "--wd=/", "--")
    require("Permission denied" in host.try_run(*inside, "/bin/true").stderr, "nothing else can be executed there")
    mounts = host.run("cat", f"/proc/{pid}/mountinfo").splitlines()
    for folder in ("/", "/proc/sys"):
        options = [line.split()[5] for line in mounts if line.split()[4] == folder]
        require(options and options[-1].startswith("ro"), f"{folder} is read-only: {options}")


def check_units(host):
    for unit, exposure in MAX_EXPOSURE.items():
        result = host.try_run("systemd-analyze", "security", "--no-pager", f"--threshold={exposure}", unit)
        last = result.stdout.strip().splitlines()[-1]
        print(f"  {last}")
        require(result.returncode == 0, f"{unit}: exposure above {exposure / 10}")
        found = host.try_run("systemd-analyze", "verify", "--man=no", unit)
        require(found.returncode == 0 and found.stderr == "", found)


def make_certificates(host):
    """An authority, the front's certificate where the unit expects it, and one for the user `stranger`."""
    script = """
    set -e
    install -d /etc/listenq/tls && cd /etc/listenq/tls
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.crt
    make() {
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$1.key" -out "$1.csr"
      echo "subjectAltName=DNS:$2" > "$1.ext"
      openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.crt"
    }
    make tls localhost
    make user me.example.org
    chgrp listenq-front tls.key && chmod 640 tls.key
    chown stranger user.key
    """
    host.run("sh", "-c", script)


def check_front(host):
    """The front answers whoever has a certificate, and is nobody on the host."""
    make_certificates(host)
    (host.folder / "etc/default/listenq-front").write_text(
        'ARGS="--allow me.example.org --metrics 127.0.0.1:9465"\n')
    host.run("systemctl", "start", "listenq-front")
    tls = "/etc/listenq/tls"
    flags = ("--server", "localhost:7443", "--tls-ca", f"{tls}/ca.crt", "--tls-cert", f"{tls}/user.crt",
             "--tls-key", f"{tls}/user.key")
    hosts.wait_for("the front answers",
                   lambda: host.try_run("listenq", "nodes", *flags, user="stranger").returncode == 0)
    require(shop_api(host, "stranger", *flags)["limit"] == 5, "the front has the agent's rows")
    ready = "exec 3<>/dev/tcp/127.0.0.1/9465; printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
    require(" 200 " in host.run("bash", "-c", ready), "/readyz")
    status = host.status(main_pid(host, "listenq-front"))
    require(int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 0, status)
    require(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status)
    require(status["Uid"].split()[0] == host.run("id", "-u", "listenq-front").strip(), status["Uid"])
    return flags


def check_restart(host, flags):
    """An agent that dies comes back, and the front finds it again."""
    host.run("ip", "netns", "add", "lqt-early")
    before = main_pid(host, "listenq-agent")
    host.run("systemctl", "kill", "--signal=KILL", "listenq-agent")
    hosts.wait_for("another agent", lambda: main_pid(host, "listenq-agent") not in (0, before))
    hosts.wait_for("the agent answers", lambda: host.try_run("listenq", "nodes", user="oncall").returncode == 0)
    hosts.wait_for("the front has the new agent",
                   lambda: host.try_run("listenq", "nodes", *flags, user="stranger").returncode == 0)


def check_namespace_ends(host):
    """What the units' mount namespaces have of a network namespace goes with it: it is not kept alive there."""
    units = ("listenq-agent", "listenq-front")
    host.run("systemctl", "restart", "listenq-front")
    mounts = [pathlib.Path(f"/proc/{main_pid(host, unit)}/mountinfo") for unit in units]
    require(all("/run/netns/lqt-early " in host.run("cat", path) for path in mounts), "pinned before the start")
    host.run("ip", "netns", "del", "lqt-early")
    require(all("/run/netns/lqt-early" not in host.run("cat", path) for path in mounts), "and gone")
    require("lqt-shop" in host.run("cat", mounts[0]), "another one is still there")
    hosts.wait_for("the agent knows that it is gone",
                   lambda: "lqt-early" not in host.run("listenq", "namespaces", user="oncall"))


def check_upgrade(host, packages):
    """What runs is restarted with the new version, what is not enabled stays so."""
    before = {unit: main_pid(host, unit) for unit in ("listenq-agent", "listenq-front")}
    host.apt("install", *host.put(packages))
    for unit, pid in before.items():
        require(main_pid(host, unit) not in (0, pid), f"{unit} was restarted")
    require_unit(host, "listenq-front", "active", "disabled")
    version = host.run("dpkg-query", "--show", "--showformat=${Version}", "listenq-agent")
    require(version.endswith("-2"), version)
    shop_api(host, "oncall", "--netns", "lqt-shop")


def check_stopped_stays(host, packages):
    """An agent that was disabled and stopped is not started by an upgrade."""
    host.run("systemctl", "disable", "--now", "listenq-agent")
    host.apt("install", "--reinstall", *host.put(packages))
    require_unit(host, "listenq-agent", "inactive", "disabled")
    host.run("systemctl", "enable", "--now", "listenq-agent")


def check_removed(host, before):
    """Nothing runs, and no file is left but those of the packages that were installed along."""
    names = ("listenq", "listenq-agent", "listenq-aggregator")
    host.apt("remove", *names)
    for unit in ("listenq-agent", "listenq-front"):
        require(host.unit(unit, "LoadState", "ActiveState") == ("not-found", "inactive"), f"{unit} is gone")
    require(host.try_run("test", "-e", "/run/listenq").returncode == 1, "/run/listenq is gone")
    host.run("rm", "-r", "/etc/listenq", "/etc/default/listenq-front")
    host.apt("purge", *names)
    owned = set(host.run("sh", "-c", "cat /var/lib/dpkg/info/*.list").splitlines())
    # As dpkg knows them where /lib is a link to /usr/lib.
    owned |= {f"/usr{path}" for path in owned}
    left = [path for path in sorted(host.files() - before - owned) if not path.startswith(
        ("/var/lib/dpkg/", "/var/lib/apt/", "/var/cache/", "/var/log/", "/tmp/", "/root/", "/run/", "/sys/", "/dev/"))]
    require(not left, f"files are left: {left}")
    for name in ("listenq", "listenq-front"):
        require(host.run("getent", "group", name).startswith(f"{name}:"), "groups stay, as Debian has it")


# ---------------------------------------------------------------------------------------------------------


def check_machine():
    if os.geteuid() != 0:
        hosts.skip("a host is booted by root")
    for program in ("cpack", "dpkg-shlibdeps", "unshare", "nsenter", "setpriv"):
        if shutil.which(program) is None:
            hosts.skip(f"{program} is not installed")


def timed(step, *arguments):
    start = time.monotonic()
    result = step(*arguments)
    print(f"{step.__name__}: {time.monotonic() - start:.1f} s", flush=True)
    return result


def run_checks(host, first, second):
    def step(check, *arguments):
        return timed(check, host, *arguments)

    host.run("useradd", "stranger")
    host.run("useradd", "oncall")
    before = host.files()
    timed(host.apt, "install", *host.put(first))
    host.run("usermod", "--append", "--groups", "listenq", "oncall")
    step(check_installed)
    step(check_answers)
    step(check_agent_is_confined)
    step(check_units)
    flags = step(check_front)
    step(check_restart, flags)
    step(check_namespace_ends)
    step(check_upgrade, second)
    step(check_stopped_stays, second)
    step(check_removed, before)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    check_machine()
    with tempfile.TemporaryDirectory(prefix="lqt-debs-") as folder, hosts.Host() as host:
        first, second = (timed(make_packages, build, pathlib.Path(folder) / release, release) for release in "12")
        timed(host.prepare, first)
        timed(host.boot)
        run_checks(host, first, second)


if __name__ == "__main__":
    main()

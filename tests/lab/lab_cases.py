"""How the lab's tests are run: a list of cases, each with a Net as it was at the beginning; TAP.

A test names its cases with @case('what holds') and ends with run_cases().
"""
import os
import shutil
import socket
import subprocess
import sys
import time
import traceback

from gateway_net import OUTSIDE, OUTSIDE6, Gateway, Net, end_tidily

SIDES = ('--inside', 'gi,gj', '--outside', 'go')
NAT = ('--masquerade', '--masquerade6')
CASES = []


class Skip(Exception):
    """The case cannot be tried."""


def case(name):
    def listed(function):
        CASES.append((name, function))
        return function
    return listed


def translating(net, *options):
    """A gateway that translates. An engine without NAT refuses, and the case is skipped."""
    try:
        return Gateway(net, *SIDES, *options)
    except RuntimeError as refused:
        if 'cannot translate' in str(refused):
            raise Skip('the engine cannot translate yet') from refused
        raise


def equal(got, wanted, what=''):
    assert got == wanted, f'{what}: got {got!r}, wanted {wanted!r}'


def family(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def connects(net, host, address, port, seconds=1.0):
    """Does a TCP connection come about?"""
    with net.socket(host, family(address), socket.SOCK_STREAM) as attempt:
        attempt.settimeout(seconds)
        try:
            attempt.connect((address, port))
            return True
        except (TimeoutError, OSError):
            return False


def no_way_back(net):
    """The server knows no route to the inside: what is not translated has no answer."""
    net.do('server', 'ip', 'route', 'del', 'default')
    net.do('server', 'ip', '-6', 'route', 'del', 'default')


def why_not(*tools):
    """What keeps this machine from running the gateway, or None."""
    if os.geteuid() != 0:
        return 'network namespaces need root'
    missing = [tool for tool in ('ip', 'tc', 'nft', 'ss', 'sysctl', *tools) if not shutil.which(tool)]
    if missing:
        return f'not installed: {" ".join(missing)}'
    if not os.path.exists('/dev/net/tun'):
        return 'there is no /dev/net/tun'
    if subprocess.run(['unshare', '--net', '--mount', 'true'], capture_output=True, check=False).returncode:
        return 'no network namespaces here'
    # Built without the gateway, it says so; else that nobody can listen at /.
    said = subprocess.run(['unshare', '-n', os.environ['USHER'], 'gateway', '--inside', 'a', '--outside', 'b', '--socket', '/'],
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False).stderr
    return said.strip() if 'without the gateway' in said else None


def reset(net):
    """As each case finds it."""
    net.unclosed()
    net.sysctl('gateway', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0')
    net.ip('server', 'route', 'replace', 'default', 'via', OUTSIDE)
    net.ip('server', '-6', 'route', 'replace', 'default', 'via', OUTSIDE6)
    for port in ('gi', 'gj', 'go'):
        net.do('gateway', 'tc', 'qdisc', 'del', 'dev', port, 'clsact')


def run_cases(*hosts):
    """Those whose names have all words of the command line, one after the other in the same namespaces."""
    words = sys.argv[1:]
    end_tidily()
    if reason := why_not('ping', 'curl', 'ethtool'):
        print(f'1..0 # SKIP the gateway cannot be tried here: {reason}')
        sys.exit(0)
    chosen = [(name, function) for name, function in CASES if all(word in name for word in words)]
    print(f'1..{len(chosen)}', flush=True)
    failed = False
    with Net(*hosts) as net:
        time.sleep(0.5)
        for number, (name, function) in enumerate(chosen, 1):
            try:
                reset(net)
                function(net)
                print(f'ok {number} - {name}', flush=True)
            except Skip as why:
                print(f'ok {number} - {name} # SKIP {why}', flush=True)
            except Exception:  # whatever it is, the next case has its turn
                failed = True
                print(f'not ok {number} - {name}', flush=True)
                print(''.join('# ' + line + '\n' for line in traceback.format_exc().splitlines()[-6:]), end='', flush=True)
    sys.exit(failed)

#!/bin/bash
# Shows the programs at work: three network namespaces with listeners on their own loopback, an agent on a
# socket of its own, and what `listenq` says about them. Takes all of it away again, however it ends.
#
# usage, as root: tools/demo.sh BUILD_FOLDER
set -euo pipefail

readonly build=$1
readonly names=(lqt-demo-api lqt-demo-web lqt-demo-cache)
traffic="$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/demo_traffic.py"
readonly traffic
folder=
pids=()

die() {
  echo "demo: $1" >&2
  [[ ! -s ${folder}/agent.log ]] || tail -n 20 "${folder}/agent.log" >&2
  exit 1
}

remove_namespaces() {
  local name
  for name in "${names[@]}"; do
    [[ ! -e /run/netns/${name} ]] || ip netns delete "${name}"
  done
}

clean_up() {
  [[ ${#pids[@]} -eq 0 ]] || kill "${pids[@]}" 2> /dev/null || true
  wait 2> /dev/null || true
  remove_namespaces
  rm -rf "${folder}"
}

# background COMMAND…: ends with this script, even if that is killed.
background() {
  setpriv --pdeathsig TERM "$@" 9>&- &
  pids+=($!)
}

# wait_until WHAT COMMAND…: tries for ten seconds.
wait_until() {
  local what=$1 end=$((SECONDS + 10))
  shift
  until "$@" &> /dev/null; do
    [[ ${SECONDS} -lt ${end} ]] || die "waited 10 s for ${what}"
    sleep 0.1
  done
}

# show COMMAND…: as a person would type it.
show() {
  printf '\n$ %s\n' "$*"
  "$@"
}

inside() { background ip netns exec "$@"; }

make_namespaces() {
  local name
  for name in "${names[@]}"; do
    ip netns add "${name}"
    ip -n "${name}" link set lo up
  done
  ip netns exec lqt-demo-cache sysctl -q -w net.core.somaxconn=128 net.ipv4.ip_local_port_range='20000 60000'
}

start_listeners() {
  inside lqt-demo-api "${traffic}" listen demo-api 0.0.0.0 8080 8 0
  inside lqt-demo-web "${traffic}" listen demo-web 0.0.0.0 8000 511 9
  inside lqt-demo-cache "${traffic}" listen demo-cache :: 6379 511 1
}

# Each as often as its listener accepts, and more: api cannot hold that many, web and cache can.
start_connections() {
  inside lqt-demo-api "${traffic}" connect 127.0.0.1 8080 30
  inside lqt-demo-web "${traffic}" connect 127.0.0.1 8000 12
  inside lqt-demo-cache "${traffic}" connect ::1 6379 41
}

knows_listeners() {
  local known
  known=$(listenq listeners -o json)
  for port in 8080 8000 6379; do
    jq -e --argjson port "${port}" '[.items[].localPort] | index($port)' <<< "${known}" || return 1
  done
}

lost_connections() { listenq drops -o json | jq -e '.items | length > 0'; }

show_answers() {
  show listenq listeners
  show listenq drops
  show listenq findings
  show listenq sysctls net.core.somaxconn net.ipv4.ip_local_port_range
  show listenq namespaces
  show listenq top -n 5
}

prepare() {
  [[ ${EUID} -eq 0 ]] || die "network namespaces are made by root: run it as root"
  exec 9> /run/lock/lqt-demo.lock
  flock --nonblock 9 || die "another demo is running on this machine"
  rm -rf /tmp/lqt-demo.??????
  folder=$(mktemp -d /tmp/lqt-demo.XXXXXX)
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  export LISTENQ_SERVER="unix://${folder}/agent.sock"
  PATH="${PWD}/${build}/agent:${PWD}/${build}/client:${PATH}"
}

main() {
  prepare
  remove_namespaces
  cat << 'END'
Three network namespaces, each with one listener:
  lqt-demo-api     backlog 8, accepts nothing; 30 clients try to connect
  lqt-demo-web     backlog 511, accepts 9 of 12 connections
  lqt-demo-cache   IPv6, asks for 511 where net.core.somaxconn is 128; a port range of its own
END
  make_namespaces
  start_listeners
  background listenq-agent --listen "${LISTENQ_SERVER}" &> "${folder}/agent.log"
  wait_until "the agent to answer" listenq nodes
  wait_until "the agent to find the listeners" knows_listeners
  start_connections
  wait_until "the agent to see lost connections" lost_connections
  sleep 3
  show_answers
}

main

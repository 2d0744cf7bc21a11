#!/bin/sh
# usage: unshare -rnpf --mount-proc --kill-child two-hosts.sh CACHE_FOLDER NAME…
# Two hosts on one private network: simulated cameras on 10.77.0.21 here, and next door Debian's onvif-util, which looks
# for them and signs in to the first. Two, because onvif-util turns the loop-back of its own multicast off.
set -eu
cache=$1
shift
cameras=10.77.0.21
ip link set lo up
ip link add cameras0 type veth peer name recorder0
unshare -n sleep 300 &
recorder=$!
# The neighbour exists once its network differs from ours.
until [ "$(readlink /proc/$recorder/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
there="nsenter -t $recorder -n"
ip link set recorder0 netns $recorder
ip addr add $cameras/24 dev cameras0
ip link set cameras0 up
ip route add default dev cameras0
$there ip addr add 10.77.0.1/24 dev recorder0
$there ip link set recorder0 up
$there ip route add default dev recorder0
mkfifo "$cache/ready"
node --import tsx "$(dirname "$0")/serve-cameras.ts" $cameras "$cache" "$@" > "$cache/ready" &
read -r line < "$cache/ready"
echo "$line"
$there timeout 30 onvif-util -a
printf 'get video\nget rtsp\nquit\n' | $there timeout 30 onvif-util -s -u admin -p secret $cameras
echo '--- wrong password'
printf 'get rtsp\nquit\n' | $there timeout 30 onvif-util -s -u admin -p wrong $cameras || echo "exit status $?"

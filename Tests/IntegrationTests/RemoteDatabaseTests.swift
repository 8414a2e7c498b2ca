import TestSupport
import Testing

extension IntegrationTests {
    /// A database of Open vSwitch on another machine, where ports have the names that this one's have, too.
    @Suite("Open vSwitch on another machine", .needs(.openVSwitch))
    struct RemoteDatabaseTests {
        @Test("Only what is in its switch is mirrored and shown; this machine's ports of the same names are left alone")
        func remote() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                let here = lab.taps
                let built = try lab.runHere([
                    "sh", "-ec",
                    """
                    ip -n \(lab.sw) link add mg0 type veth peer name mg0 netns \(here)
                    ip -n \(lab.sw) address add 10.9.0.2/24 dev mg0
                    ip -n \(lab.sw) link set mg0 up
                    ip -n \(here) address add 10.9.0.1/24 dev mg0
                    ip -n \(here) link set mg0 up
                    for name in p1 p3 eno1; do ip -n \(here) link add $name type veth peer name far-$name; done
                    for name in p1 eno1; do
                        ip -n \(here) link set $name up; ip -n \(here) link set far-$name up
                    done
                    """,
                ])
                #expect(built.succeeded, "\(built)")
                let server = try #require(openVSwitch.processID(.server))
                try openVSwitch.run([
                    "ovs-appctl", "-t", "\(openVSwitch.directory)/ovsdb-server.\(server).ctl",
                    "ovsdb-server/add-remote", "ptcp:6640:10.9.0.2",
                ])
                let target = "tcp:10.9.0.2:6640"
                func state() throws -> String {
                    try lab.sh(
                        """
                        for name in p1 p3 eno1; do
                            ethtool -k $name; tc qdisc show dev $name; tc filter show dev $name ingress
                        done
                        """, in: here
                    ).output
                }
                let environment = [
                    "PORTMIRROR_RUN_DIR": lab.path("here-run"), "PORTMIRROR_CONFIG_DIR": lab.path("here"),
                    "OVS_RUNDIR": "/nonexistent", "OVS_DBDIR": "/nonexistent", "NO_COLOR": "1",
                ]
                func portmirror(_ arguments: String...) throws -> ProgramOutcome {
                    try lab.run([CommandLab.binary] + arguments, in: here, environment: environment)
                }
                let before = try state()
                // This machine's own mirror isn't looked at, nor moved there.
                #expect(try portmirror("add", "own", "--from", "eno1", "--to", "p1").succeeded)
                let own = try state()
                #expect(own != before)

                let added = try portmirror(
                    "add", "ids", "--from", "p1", "--to", "p3", "--reserve-output", "--db", target)
                #expect(added.succeeded && !added.error.contains("is waiting"), "\(added)")
                #expect(try openVSwitch.vsctl("--columns=name list Mirror").contains("ids"))
                #expect(try state() == own)
                let listed = try portmirror("list", "--db", target)
                #expect(listed.output.contains("ids") && listed.output.contains("active"), "\(listed)")
                #expect(listed.output.contains("own: its ports are this machine's"), "\(listed)")
                let shown = try portmirror("show", "own", "--db", target).output
                #expect(shown.contains("from: eno1 ingress and egress, unknown"), "\(shown)")
                let kept = try portmirror("remove", "own", "--db", target)
                #expect(kept.status == 1 && kept.error.contains("without --db (and OVS_DB)"), "\(kept)")
                #expect(!kept.error.contains("nsenter"), "\(kept)")
                let ports = try portmirror("ports", "--db", target).output
                #expect(ports.contains("p2") && !ports.contains("eno1") && !ports.contains("down"), "\(ports)")

                // Two machines that have mirrors on one switch leave each other's alone.
                try lab.mirror("add", "theirs", "--from", "p1", "--to", "p2")
                #expect(try !portmirror("list", "--db", target).output.contains("theirs"))
                #expect(try portmirror("list", "--foreign", "--db", target).output.contains("theirs"))
                let repaired = try portmirror("apply", "-q", "--db", target)
                #expect(repaired.succeeded && repaired.error == "", "\(repaired)")
                #expect(try lab.mirror("apply").output == "nothing to change\n")
                for name in ["ids", "theirs"] {
                    #expect(try openVSwitch.vsctl("--columns=name list Mirror").contains(name))
                }
                try lab.mirror("remove", "theirs")

                // A file that somebody put there isn't taken for that machine's, unless it is named.
                let file = lab.path("here/hand.yaml")
                _ = try lab.sh(
                    "printf 'version: 1\\nmirrors:\\n  hand: {from: p1, to: p2, engine: ovs}\\n' >\(file)", in: here)
                let alone = try portmirror("apply", "--db", target)
                #expect(alone.error.contains("portmirror apply -f \(file) --db \(target)"), "\(alone)")
                #expect(try portmirror("apply", "-q", "--db", target).error == "")
                let placed = try portmirror("apply", "-f", file, "--db", target)
                #expect(placed.succeeded && !placed.error.contains("is waiting"), "\(placed)")
                #expect(try openVSwitch.vsctl("--columns=name list Mirror").contains("hand"))
                #expect(try portmirror("list", "hand", "--check", "--db", target).succeeded)
                #expect(try portmirror("remove", "hand", "--db", target).succeeded)
                // What runs on this machine isn't moved there, also if it says the same.
                let taken = try portmirror("add", "own", "--from", "eno1", "--to", "p1", "--db", target)
                #expect(taken.status == 1 && taken.error.contains("runs on this machine"), "\(taken)")
                // Files of this machine's frames have nothing to do with that database.
                let log = try lab.run(
                    [CommandLab.binary, "log", "-i", "eno1", "--dir", lab.path("captures"), "--for", "1s"], in: here,
                    environment: environment.merging(["OVS_DB": target]) { $1 })
                #expect(log.succeeded, "\(log)")

                for option in ["--engine=tc", "--engine=tap", "--sample=10"] {
                    let refused = try portmirror("add", "no", "--from", "p1", "--to", "p2", option, "--db", target)
                    #expect(refused.status == 1 && refused.error.contains("is another machine's"), "\(refused)")
                }
                // A port that isn't in the switch is one that isn't there, and waited for.
                #expect(try portmirror("add", "no", "--from", "p1", "--to", "eno1", "--db", target).succeeded)
                let waiting = try portmirror("list", "no", "--db", target)
                #expect(waiting.output.contains("waiting"), "\(waiting)")
                #expect(try portmirror("remove", "no", "--db", target).succeeded)
                #expect(try portmirror("apply", "--db", target).output == "nothing to change\n")
                #expect(try state() == own)
                #expect(try portmirror("remove", "ids", "--db", target).succeeded)
                #expect(try openVSwitch.vsctl("list Mirror") == "")
                #expect(try portmirror("remove", "own").succeeded)
                #expect(try state() == before)
                _ = try lab.runHere(["ip", "-n", lab.sw, "link", "delete", "mg0"])
            }
        }

        @Test("A server at another address of this very machine is this machine's") func ownAddresses() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                let built = try lab.sh(
                    """
                    ip link set lo up
                    sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0
                    ip link add mg0 type veth peer name mg1
                    ip address add 10.9.0.1/24 dev mg0
                    ip address add 10.9.0.3/24 dev mg0
                    ip address add fd00:9::1/64 dev mg0 nodad
                    ip address add fd00:9::3/64 dev mg0 nodad
                    ip link set mg0 up
                    ip link set mg1 up
                    """, in: lab.sw)
                #expect(built.succeeded, "\(built)")
                let server = try #require(openVSwitch.processID(.server))
                for remote in ["ptcp:6640:0.0.0.0", "ptcp:6641:[::]"] {
                    try openVSwitch.run([
                        "ovs-appctl", "-t", "\(openVSwitch.directory)/ovsdb-server.\(server).ctl",
                        "ovsdb-server/add-remote", remote,
                    ])
                }
                for target in ["127.0.0.1:6640", "127.0.0.2:6640", "10.9.0.3:6640", "[fd00:9::3]:6641"] {
                    let ports = try lab.portmirror(["ports", "--db", "tcp:\(target)"])
                    #expect(ports.output.contains("mg0"), "\(target): \(ports)")
                }
                _ = try lab.sh("ip link delete mg0", in: lab.sw)
            }
        }
    }
}

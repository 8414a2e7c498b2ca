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
                #expect(added.succeeded, "\(added)")
                #expect(try openVSwitch.vsctl("--columns=name list Mirror").contains("ids"))
                #expect(try state() == own)
                let listed = try portmirror("list", "--db", target)
                #expect(listed.output.contains("ids") && listed.output.contains("active"), "\(listed)")
                #expect(listed.output.contains("its ports are this machine's"), "\(listed)")
                let ports = try portmirror("ports", "--db", target).output
                #expect(ports.contains("p2") && !ports.contains("eno1") && !ports.contains("down"), "\(ports)")

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
    }
}

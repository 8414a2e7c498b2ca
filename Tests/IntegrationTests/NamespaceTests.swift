import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// Rule 13: a mirror belongs to a network namespace.
    @Suite("Network namespaces")
    struct NamespaceTests {
        /// What a script prints where it is process 1 of its own, at home in this network namespace, with `/etc` and `/run` that
        /// it may change. In it `in_ns` runs a command in the network namespace of the lab's switch, `pm` the program.
        private static func apart(_ lab: CommandLab, _ script: String) throws -> ProgramOutcome {
            let own = """
                cp -a /etc "$D/etc"; mkdir -p "$D/etc/portmirror/mirrors.d" "$D/run/netns"
                mount --bind "$D/etc" /etc; mount --rbind /run/netns "$D/run/netns"; mount --rbind "$D/run" /run
                in_ns() { nsenter --net="/run/netns/$NS" "$@"; }
                pm() { "$PM" "$@"; }
                \(script)
                umount -l "$D/run/netns"

                """
            return try lab.runHere(
                [
                    "unshare", "--mount", "--pid", "--fork", "--mount-proc", "env", "D=\(lab.directory)",
                    "NS=\(lab.sw)",
                    "PM=\(CommandLab.binary)", "NO_COLOR=1", "sh", "-ec", own,
                ])
        }

        @Test("In another network namespace than that of process 1 the usual directory is refused, with the way")
        func refused() throws {
            try withCommandLab { lab in
                let outcome = try Self.apart(
                    lab,
                    """
                    printf 'version: 1\nmirrors:\n  m: {from: p1:ingress, to: p3}\n' >"$D/m.yaml"
                    refused() { in_ns "$PM" "$@" 2>"$D/said" && exit 3
                      grep -q "/etc/portmirror/mirrors.d holds the mirrors of process 1's network namespace, and this is another" "$D/said"
                      grep -q "ip netns exec NAME portmirror" "$D/said"; }
                    refused add ids --from p1 --to p3
                    refused add ids --from p1 --to p3 --dry-run
                    refused set ids --to p3
                    for command in "remove ids" "remove --all" list "show ids" plan apply export "run ids" "explain ids" \\
                      "import --take-over" "plan -f $D/m.yaml" "apply -f $D/m.yaml"; do refused $command; done
                    echo "refused"
                    # What needs no definitions works.
                    for command in ports "list --foreign" import "explain -f $D/m.yaml"; do in_ns "$PM" $command >"$D/said"; done
                    # So does whatever directory somebody names, also that one.
                    in_ns "$PM" add ids --from p1:ingress --to p3 --config-dir /etc/portmirror/mirrors.d
                    ls /etc/portmirror/mirrors.d
                    PORTMIRROR_CONFIG_DIR=/etc/portmirror/mirrors.d in_ns "$PM" remove ids
                    ls /etc/portmirror/mirrors.d
                    """)
                #expect(outcome.status == 0 && outcome.output == "refused\nids.yaml\n", "\(outcome)")
            }
        }

        @Test("A namespace's own directory, which ip netns exec lays over /etc, is used, and what runs is noted apart")
        func own() throws {
            try withCommandLab { lab in
                let outcome = try Self.apart(
                    lab,
                    """
                    ip netns exec "$NS" "$PM" list 2>"$D/before" && exit 3
                    grep -q "process 1's network namespace" "$D/before"
                    mkdir -p "/etc/netns/$NS/portmirror"
                    ip netns exec "$NS" "$PM" add ids --from p1:ingress --to p3
                    ip netns exec "$NS" "$PM" add look --from p2:ingress --to p3 --temporary
                    echo "definitions:" $(ls "/etc/netns/$NS/portmirror/mirrors.d") $(ls /etc/portmirror/mirrors.d)
                    echo "run:" $(ls /run/portmirror | sed 's/-[0-9]*$/-N/') $(ls /run/portmirror/netns-*/mirrors.d)
                    ip netns exec "$NS" "$PM" list | sed 's/  */ /g' | cut -d' ' -f1-4
                    in_ns "$PM" remove --all 2>/dev/null && exit 4
                    pm list --db none; pm apply --db none
                    ip netns exec "$NS" "$PM" remove --all
                    """)
                #expect(
                    outcome.status == 0
                        && outcome.output == """
                            definitions: ids.yaml
                            run: netns-N look.yaml
                            NAME STATE FROM TO
                            ids active p1:ingress p3
                            look active p2:ingress p3
                            nothing to change

                            """,
                    "\(outcome)")
            }
        }

        @Test(
            "Where process 1 can't be looked at, a user sees what is at home, and root is told, but in the first namespace"
        )
        func unreadable() throws {
            try withCommandLab { lab in
                let outcome = try Self.apart(
                    lab,
                    """
                    printf 'version: 1\nmirrors:\n  m: {from: p1:ingress, to: p3}\n' >/etc/portmirror/mirrors.d/m.yaml
                    few="setpriv --bounding-set=-all,+net_admin,+net_raw,+dac_override --inh-caps=-all"
                    nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
                    names() { "$@" --db none | sed 's/ .*//' | grep -v NAME | head -1; }
                    echo "user: $(names in_ns $nobody "$PM" list)"
                    # The first namespace of the machine, or of a container, where the tests run.
                    test -e /proc/sys/net/core/dev_weight || few_at_home=
                    echo "root at home: $(names ${few_at_home-$few} "$PM" list)"
                    in_ns $few "$PM" list --db none 2>"$D/said" && exit 3
                    grep -o "it is unknown whether this is that one" "$D/said"
                    grep -o "with --config-dir" "$D/said"
                    mkdir -p "/etc/netns/$NS/portmirror/mirrors.d"
                    sed s/m:/own:/ /etc/portmirror/mirrors.d/m.yaml >"/etc/netns/$NS/portmirror/mirrors.d/own.yaml"
                    echo "laid over: $(names ip netns exec "$NS" $few "$PM" list)"
                    mount -o remount,hidepid=2 /proc
                    echo "hidden: $(names in_ns $nobody "$PM" list)"
                    in_ns $few "$PM" list --db none 2>"$D/said" && exit 4
                    grep -o "it is unknown whether this is that one" "$D/said"
                    """)
                #expect(
                    outcome.status == 0
                        && outcome.output == """
                            user: m
                            root at home: m
                            it is unknown whether this is that one
                            with --config-dir
                            laid over: own
                            hidden: m
                            it is unknown whether this is that one

                            """,
                    "\(outcome)")
            }
        }

        @Test("A container's process 1 has the container's namespace: its directories are the usual ones")
        func container() throws {
            try withCommandLab { lab in
                let outcome = try Self.apart(
                    lab,
                    """
                    in_ns unshare --mount --pid --fork --mount-proc sh -ec '
                      "$PM" add ids --from p1:ingress --to p3; ls /run/portmirror; "$PM" remove ids'
                    """)
                #expect(outcome.status == 0 && outcome.output == "lock\noutputs\n", "\(outcome)")
            }
        }

        @Test("What runs in one namespace isn't touched from another that has the same directories")
        func shared() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                _ = try lab.portmirror(["add", "cut", "--from", "p2", "--to", "p3", "--snaplen", "60"])
                let tap = try CopyingProgram(lab, ["run", "cut", "--json"])
                let offloads = try lab.sh("ethtool -k p3").output
                func elsewhere(_ arguments: String...) throws -> ProgramOutcome {
                    try lab.run([CommandLab.binary] + arguments, in: lab.taps, environment: lab.environment)
                }
                #expect(
                    try elsewhere("list").output.contains(
                        "ids: p1, p3 don't exist yet; p3 is an output in another network namespace"))
                let shown = try elsewhere("show", "cut").output
                #expect(
                    shown.contains("'portmirror run cut' runs in another network namespace, and not in this one"),
                    "\(shown)")
                let applied = try elsewhere("apply")
                #expect(applied.status == 0 && applied.output == "nothing to change\n", "\(applied)")
                // What another namespace has isn't changed from here, nor forgotten.
                for command in [
                    ["remove", "ids"], ["set", "ids", "--filter", "tcp"],
                    ["add", "--replace", "ids", "--from", "p2", "--to", "p3"],
                ] {
                    let outcome = try lab.run([CommandLab.binary] + command, in: lab.taps, environment: lab.environment)
                    #expect(outcome.status == 1, "\(outcome)")
                    #expect(
                        outcome.error.contains("p3 is an output in another network namespace, by \(lab.runDirectory)"))
                    #expect(outcome.error.contains("with 'ip netns exec NAME' or nsenter(1)"), "\(outcome)")
                }
                let refused = try elsewhere("remove", "cut")
                #expect(
                    refused.status == 1 && refused.error.contains("runs in another network namespace"), "\(refused)")
                // That isn't for the word about databases to change.
                let none = try elsewhere("remove", "cut", "--db", "none")
                #expect(none.status == 1 && none.error.contains("runs in another network namespace"), "\(none)")
                #expect(try elsewhere("run", "cut").error.contains("run by another process already"))
                let added = try elsewhere("add", "there", "--from", "q1", "--to", "q2")
                #expect(added.status == 0, "\(added)")
                #expect(try elsewhere("remove", "there").status == 0)
                let all = try elsewhere("remove", "--all")
                #expect(all.status == 1 && all.error.contains("mirror ids is left alone: p3 is an output in"), "\(all)")
                #expect(all.error.contains("mirror cut is left alone: "), "\(all)")
                #expect(try lab.sh("ethtool -k p3").output == offloads)
                #expect(try lab.show("ids").state == "active")
                #expect(try lab.state("cut").state == "active")
                _ = try tap.finish()
            }
        }

        @Test("Open vSwitch's rows of one namespace are others' in another", .needs(.openVSwitch))
        func rows() throws {
            try withOpenVSwitchLab { lab, _ in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                var environment = lab.environment
                environment["PORTMIRROR_CONFIG_DIR"] = lab.path("other.d")
                environment["PORTMIRROR_RUN_DIR"] = lab.path("other-run")
                // The usual database of a switch that works in another namespace isn't looked at; one that is named is.
                environment["OVS_DB"] = "unix:\(try #require(environment["OVS_RUNDIR"]))/db.sock"
                func elsewhere(_ arguments: String...) throws -> ProgramOutcome {
                    try lab.run([CommandLab.binary] + arguments, in: lab.taps, environment: environment)
                }
                let listed = try elsewhere("list")
                #expect(listed.status == 0 && listed.output == "", "\(listed)")
                #expect(try elsewhere("list", "--foreign").output.contains("portmirror of another network namespace"))
                let applied = try elsewhere("apply")
                #expect(applied.status == 0 && applied.output == "nothing to change\n", "\(applied)")
                #expect(try elsewhere("remove", "--all").status == 0)
                #expect(try lab.state("ids").state == "active")
                try FileManager.default.removeItem(atPath: lab.path("other-run"))
            }
        }

        @Test("A port that moves to another namespace leaves the mirror's filters behind, and nothing of it is there")
        func moved() throws {
            try withCommandLab(hosts: 2, alone: ["m1"]) { lab in
                lab.recreatesPorts = true
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "m1")
                try lab.sh("ip link set p1 netns \(lab.taps)")
                #expect(!(try lab.sh("tc qdisc show dev p1", in: lab.taps).output.contains("clsact")))
                let there = try lab.run(
                    [CommandLab.binary, "list", "--foreign"], in: lab.taps, environment: lab.environment)
                #expect(there.status == 0 && !there.output.contains("p1"), "\(there)")
                #expect(try lab.state("ids").state == "waiting")
                try lab.sh("ip link set p1 netns \(lab.sw)", in: lab.taps)
                try lab.sh("ip link set p1 master br0; ip link set p1 up")
                try lab.awaitUp("p1")
                _ = try lab.portmirror(["apply"])
                #expect(try lab.state("ids").state == "active")
            }
        }
    }
}

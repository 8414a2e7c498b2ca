import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// Rule 13: a mirror belongs to a network namespace.
    @Suite("Network namespaces")
    struct NamespaceTests {
        @Test("In another network namespace than that of process 1 the usual directory is refused, with the way")
        func refused() throws {
            try withCommandLab { lab in
                let file = lab.path("m.yaml")
                try TextFile.write("version: 1\nmirrors:\n  m: {from: p1:ingress, to: p3}\n", to: file)
                for command in [
                    ["add", "ids", "--from", "p1", "--to", "p3"],
                    ["add", "ids", "--from", "p1", "--to", "p3", "--dry-run"],
                    ["remove", "ids"], ["remove", "--all"], ["list"], ["show", "ids"], ["plan"], ["plan", "-f", file],
                    ["apply"], ["apply", "-f", file], ["export"], ["run", "ids"], ["explain", "ids"],
                    ["import", "--take-over"],
                ] {
                    let outcome = try lab.run([CommandLab.binary] + command)
                    #expect(outcome.status == 1, "\(outcome)")
                    #expect(
                        outcome.error.contains(
                            "/etc/portmirror/mirrors.d holds the mirrors of process 1's network namespace, and this is another one"
                        ), "\(outcome)")
                    #expect(outcome.error.contains("ip netns exec NAME portmirror"), "\(outcome)")
                }
                // What needs no definitions works.
                for command in [["ports"], ["list", "--foreign"], ["import"], ["explain", "-f", file]] {
                    let outcome = try lab.run([CommandLab.binary] + command)
                    #expect(outcome.status == 0, "\(outcome)")
                }
                let named = try lab.run([CommandLab.binary, "list", "--config-dir", lab.configDirectory])
                #expect(named.status == 0 && named.error == "", "\(named)")
            }
        }

        @Test("A namespace's own directory, which ip netns exec lays over /etc, is used, and what runs is noted apart")
        func own() throws {
            try withCommandLab { lab in
                let script = """
                    cp -a /etc "$D/etc"; mkdir -p "$D/own-run" "$D/etc/portmirror/mirrors.d" /run/portmirror
                    mount --bind "$D/etc" /etc; mount --bind "$D/own-run" /run/portmirror
                    ip netns exec "$NS" "$PM" list 2>"$D/before" && exit 3
                    grep -q "process 1's network namespace" "$D/before"
                    mkdir -p "/etc/netns/$NS/portmirror"
                    ip netns exec "$NS" "$PM" add ids --from p1:ingress --to p3
                    ip netns exec "$NS" "$PM" add look --from p2:ingress --to p3 --temporary
                    echo "definitions: $(ls "/etc/netns/$NS/portmirror/mirrors.d") $(ls /etc/portmirror/mirrors.d)"
                    echo "run: $(ls /run/portmirror | sed 's/-[0-9]*$/-N/') $(ls /run/portmirror/netns-*/mirrors.d)"
                    ip netns exec "$NS" "$PM" list | sed 's/  */ /g' | cut -d' ' -f1-4
                    nsenter --net="/run/netns/$NS" "$PM" remove --all 2>/dev/null && exit 4
                    "$PM" list --db none; "$PM" apply --db none
                    ip netns exec "$NS" "$PM" remove --all
                    """
                let outcome = try lab.runHere(
                    [
                        "unshare", "--mount", "--pid", "--fork", "--mount-proc", "env", "D=\(lab.directory)",
                        "NS=\(lab.sw)",
                        "PM=\(CommandLab.binary)", "sh", "-ec", script,
                    ])
                #expect(outcome.status == 0, "\(outcome)")
                #expect(
                    outcome.output == """
                        definitions: ids.yaml 
                        run: netns-N look.yaml
                        NAME STATE FROM TO
                        ids active p1:ingress p3
                        look active p2:ingress p3
                        nothing to change

                        """, "\(outcome)")
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
                #expect(try elsewhere("list").output.contains("ids: p1, p3 don't exist yet"))
                let shown = try elsewhere("show", "cut").output
                #expect(
                    shown.contains("'portmirror run cut' runs in another network namespace, and not in this one"),
                    "\(shown)")
                let applied = try elsewhere("apply")
                #expect(applied.status == 0 && applied.output == "nothing to change\n", "\(applied)")
                let added = try elsewhere("add", "there", "--from", "q1", "--to", "q2")
                #expect(added.status == 0, "\(added)")
                #expect(try elsewhere("remove", "there").status == 0)
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
                func elsewhere(_ arguments: String...) throws -> ProgramOutcome {
                    try lab.run([CommandLab.binary] + arguments, in: lab.taps, environment: environment)
                }
                let listed = try elsewhere("list")
                #expect(listed.status == 0 && listed.output == "", "\(listed)")
                #expect(try elsewhere("list", "--foreign").output.contains("portmirror in another network namespace"))
                let applied = try elsewhere("apply")
                #expect(applied.status == 0 && applied.output == "nothing to change\n", "\(applied)")
                #expect(try elsewhere("remove", "--all").status == 0)
                #expect(try lab.state("ids").state == "active")
                try FileManager.default.removeItem(atPath: lab.path("other-run"))
            }
        }
    }
}

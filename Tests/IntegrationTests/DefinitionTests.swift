import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 11: a mirror is what its file says.
    @Suite("Definitions, plans and explanations")
    struct DefinitionTests {
        @Test("plan says what apply does: exit code 2, then apply, then 0; a second apply says so")
        func planAndApply() throws {
            try withCommandLab { lab in
                let path = lab.path("mirrors.yaml")
                try TextFile.write(
                    """
                    version: 1
                    mirrors:
                      one: {from: [{port: p1, direction: ingress}], to: [{port: p3}]}
                      two: {from: [{port: p2}], to: [{port: p3}], filter: icmp}

                    """, to: path)
                try lab.remember()
                let before = try lab.snapshot()
                let planned = try lab.portmirror(["plan", "-f", path])
                #expect(planned.status == 2)
                #expect(planned.output.contains("define mirror one") && planned.output.contains("define mirror two"))
                #expect(before.differences(to: try lab.snapshot()) == "")
                #expect(try lab.portmirror(["apply", "-f", path]).status == 0)
                #expect(try lab.portmirror(["plan", "-f", path]).status == 0)
                let again = try lab.portmirror(["apply", "-f", path])
                #expect(again.status == 0)
                #expect(again.output.contains("nothing to change"))
                #expect(try lab.list().map(\.name) == ["one", "two"])
                // Without --prune what isn't in the file stays; with it, it goes.
                try TextFile.write(
                    "version: 1\nmirrors:\n  one: {from: [{port: p1, direction: ingress}], to: [{port: p3}]}\n",
                    to: path)
                #expect(try lab.portmirror(["plan", "-f", path]).status == 0)
                #expect(try lab.portmirror(["plan", "-f", path, "--prune"]).status == 2)
                #expect(try lab.portmirror(["apply", "-f", path, "--prune"]).status == 0)
                #expect(try lab.list().map(\.name) == ["one"])
                #expect(try !lab.sh("tc qdisc show dev p2").output.contains("clsact"))
            }
        }

        @Test("--dry-run shows the plan and changes nothing")
        func dryRun() throws {
            try withCommandLab { lab in
                try lab.remember()
                let before = try lab.snapshot()
                let outcome = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3", "--dry-run"])
                #expect(outcome.status == 0)
                #expect(outcome.output.contains("copy p1 ingress") && outcome.output.contains("p3"))
                #expect(before.differences(to: try lab.snapshot()) == "")
                #expect(lab.leftFiles == [])
                #expect(try lab.list().isEmpty)
            }
        }

        @Test("What is refused isn't shown as if it were to be done, by --dry-run and plan alike")
        func refusedDryRun() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                let wrong = ["--from", "p2", "--to", "p2"]
                let path = lab.path("mirrors.yaml")
                try TextFile.write(
                    "version: 1\nmirrors:\n  new: {from: p2, to: p2}\n  good: {from: p1, to: p3}\n", to: path)
                let real = try lab.portmirror(["add", "new"] + wrong)
                #expect(real.status == 1)
                let words = real.error.replacingOccurrences(of: "\n  nothing was changed", with: "")
                #expect(words != real.error)
                for arguments in [["add", "new", "--dry-run"] + wrong, ["plan", "-f", path]] {
                    let outcome = try lab.portmirror(arguments)
                    #expect(outcome.status == 1 && outcome.output == "" && outcome.error == words, "\(outcome)")
                }
                let set = try lab.portmirror(["set", "ids", "--to", "p1", "--dry-run"])
                #expect(set.status == 1 && set.output == "" && set.error.contains("mirror ids: "), "\(set)")
                let json = try lab.portmirror(["plan", "-f", path, "--json"])
                #expect(json.status == 1 && json.output.contains("\"mirror\" : \"new\""), "\(json)")
                for key in ["define", "redefine", "forget", "steps"] {
                    let isEmpty = json.output.replacingOccurrences(of: "\n", with: "").replacingOccurrences(
                        of: " ", with: ""
                    )
                    .contains("\"\(key)\":[]")
                    #expect(isEmpty, "\(key): \(json)")
                }
            }
        }

        @Test("--temporary keeps the definition in the run directory, which goes with a restart")
        func temporary() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "look", "--from", "p1", "--to", "p3", "--temporary")
                try lab.mirror("add", "stay", "--from", "p1", "--to", "p3")
                #expect(lab.files(in: lab.runDirectory).contains("mirrors.d/look.yaml"))
                #expect(lab.files(in: lab.configDirectory) == ["stay.yaml"])
                #expect(try lab.list().map(\.name) == ["look", "stay"])
            }
        }

        @Test("A mirror whose time is over is shown as expired and removed by the next command that acts")
        func expiry() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "brief", "--from", "p1", "--to", "p3", "--for", "10m")
                let path = "\(lab.configDirectory)/brief.yaml"
                let text = try #require(TextFile.read(path))
                let until = try #require(try lab.show("brief").until)
                #expect(text.contains("until: "))
                let left = try lab.mirror("show", "brief").output
                #expect(left.contains("time left: 10m") || left.contains("time left: 9m 5"))
                try TextFile.write(text.replacingOccurrences(of: until, with: "2001-01-01T00:00:00Z"), to: path)
                #expect(try lab.show("brief").state == "expired")
                #expect(try lab.portmirror(["plan"]).status == 2)
                try lab.mirror("add", "other", "--from", "p2:ingress", "--to", "p3")
                #expect(try lab.list().map(\.name) == ["other"])
                #expect(try !lab.sh("tc qdisc show dev p1").output.contains("clsact"))
                #expect(lab.files(in: lab.configDirectory) == ["other.yaml"])
            }
        }

        @Test("What export prints, apply takes, and everything is the same")
        func roundTrip() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror(
                    "add", "one", "--from", "p1:ingress", "--to", "p3,m1", "--vlan", "0,5,10-20", "--filter",
                    "udp port 53 or icmp", "--sample", "3")
                _ = try lab.portmirror(["add", "lan", "--from-bridge", "br0", "--to", "m1", "--keep-offloads"])
                try lab.mirror("add", "wait", "--from", "late0,p2:egress", "--to", "p3", "--reserve-output")
                let exported = try lab.mirror("export").output
                let shown = try lab.list()
                #expect(try lab.portmirror(["plan", "-f", "-", "--prune"], input: exported).status == 0)
                try lab.mirror("remove", "--all")
                #expect(try lab.portmirror(["apply", "-f", "-"], input: exported).status == 0)
                #expect(try lab.mirror("export").output == exported)
                #expect(try lab.list().map(\.name) == shown.map(\.name))
                #expect(try lab.list().map(\.points.count) == shown.map(\.points.count))
            }
        }

        @Test(
            "What explain prints, run by a shell on a twin of the machine, gives the same filters and settings",
            arguments: [true, false])
        func explained(byName: Bool) throws {
            try withCommandLab(hosts: 4) { lab in
                var file = """
                    version: 1
                    mirrors:
                      ids:
                        from: [{port: p1}, {port: p2, direction: ingress}]
                        to: [{port: p3}, {port: p4}]
                        reserve: true
                        filter: icmp
                        vlans: 0,5

                    """
                if !byName { file += "  all: {from: [{port: p1, direction: ingress}], to: [{port: p3}]}\n" }
                let before = try lab.portmirror(["explain", "-f", "-"], input: file)
                #expect(before.status == 0, "\(before)")
                #expect(try lab.portmirror(["apply", "-f", "-"], input: file).status == 0)
                let script = byName ? try lab.mirror("explain", "ids").output : before.output
                #expect(script == before.output)
                try withCommandLab(hosts: 4) { twin in
                    try twin.remember()
                    let before = try twin.snapshot()
                    let run = try twin.run(["bash", "-e"], input: script)
                    #expect(run.status == 0, "\(run)")
                    let made = try twin.snapshot().withoutIndexes.sections
                    let ours = try lab.snapshot().withoutIndexes.sections
                    for title in ours.keys where !title.hasSuffix(" link") && !title.hasPrefix("lo ") {
                        let isSame = made[title] == ours[title]
                        #expect(isSame, "\(title): \(made[title] ?? "") instead of \(ours[title] ?? "")")
                    }
                    // They are this tool's objects: it shows and removes them. What the hand changed on the outputs it
                    // knows nothing of.
                    #expect(try twin.list().map(\.name) == (byName ? ["ids"] : ["all", "ids"]))
                    try twin.mirror("remove", "--all")
                    let after = try twin.snapshot()
                    for title in before.sections.keys where title.hasSuffix(" tc") {
                        #expect(before.sections[title] == after.sections[title])
                    }
                    try twin.rememberAnew()
                }
            }
        }
    }
}

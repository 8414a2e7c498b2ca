import LinuxSystem
import Testing
import TestSupport

@Suite(
    "Giving up privileges",
    .enabled(if: Requirement.netAdmin.isMet || Requirement.isCI, "needs \(Requirement.netAdmin.description)"))
struct PrivilegeTests {
    private static let none = [
        "CapInh: 0000000000000000", "CapPrm: 0000000000000000", "CapEff: 0000000000000000", "CapBnd: 0000000000000000",
        "CapAmb: 0000000000000000", "NoNewPrivs: 1",
    ]

    @Test("Another user has nothing left, and no way back")
    func user() throws {
        let outcome = try Probe.run("drop", "nobody")
        #expect(outcome.status == 0, "\(outcome.error)")
        for line in Self.none
            + ["Uid: 65534 65534 65534 65534", "Gid: 65534 65534 65534 65534", "Groups: 65534"]
            + ["packet socket: EPERM", "root again: no", "shadow file: refused"]
            + ["program: CapPrm: 0000000000000000 CapEff: 0000000000000000"]
        {
            #expect(outcome.lines.contains(line), "\(line) isn't in\n\(outcome.output)")
        }
    }

    @Test("Root stays root without any capability, and gets none back by starting a program")
    func root() throws {
        for arguments in [["-"], ["root", "-"]] {
            let outcome =
                arguments.count == 1
                ? try Probe.run("drop", arguments[0]) : try Probe.run("drop", arguments[0], arguments[1])
            #expect(outcome.status == 0, "\(outcome.error)")
            for line in Self.none
                + ["Uid: 0 0 0 0", "packet socket: EPERM"]
                + ["program: CapPrm: 0000000000000000 CapEff: 0000000000000000"]
            {
                #expect(outcome.lines.contains(line), "\(line) isn't in\n\(outcome.output)")
            }
        }
    }

    @Test("A group alone is changed alone")
    func group() throws {
        let outcome = try Probe.run("drop", "-", "nogroup")
        #expect(outcome.lines.contains("Uid: 0 0 0 0") && outcome.lines.contains("Gid: 65534 65534 65534 65534"))
        #expect(outcome.lines.contains("Groups: 65534"))
    }

    @Test("In another root directory there is nothing but what it holds")
    func changedRoot() throws {
        let directory = try TemporaryDirectory()
        try Files.write([], to: "\(directory.path)/inside")
        let outcome = try Probe.run("drop", "nobody", "-", directory.path)
        // /tmp's directory is root's alone: its user may not list it, which shows that it is in it.
        #expect(outcome.status == 0, "\(outcome.error)")
        for line in Self.none + ["directory: /", "files: refused", "shadow file: refused"] {
            #expect(outcome.lines.contains(line), "\(line) isn't in\n\(outcome.output)")
        }
        let rootly = try Probe.run("drop", "root", "-", directory.path)
        #expect(rootly.lines.contains("files: inside") && rootly.lines.contains("shadow file: none"))
        let failed = try Probe.run("drop", "nobody", "-", "\(directory.path)/inside")
        #expect(failed.status == 1 && failed.error.contains("can't enter the directory \(directory.path)/inside"))
    }

    @Test("While other threads run it is refused")
    func threads() throws {
        #expect(try Probe.run("drop-with-threads").lines == ["can't give up privileges while other threads run"])
    }

    @Test("Who isn't root gives up what there is, and can't become somebody else")
    func unprivileged() throws {
        let as65534 = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        let copy = try TemporaryDirectory()
        // The tests' own directory may be closed to others.
        let program = "\(copy.path)/probe"
        try Files.write(try #require(try Files.read(Probe.path)), to: program, mode: 0o755)
        var open = try ChildProcess(["chmod", "755", copy.path])
        let openStatus = open.wait()
        #expect(openStatus == 0)
        var same = try ChildProcess(as65534 + [program, "drop", "nobody", "nogroup"], output: 2)
        let sameStatus = same.wait()
        #expect(sameStatus == 0)
        var other = try ChildProcess(as65534 + [program, "drop", "root"], output: 2)
        let otherStatus = other.wait()
        #expect(otherStatus == 1)
    }
}

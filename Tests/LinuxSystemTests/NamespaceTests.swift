import CLinux
import TestSupport
import Testing

@testable import LinuxSystem

@Suite(.enabled(if: Requirement.netAdmin.isMet || Requirement.isCI, "needs \(Requirement.netAdmin.description)"))
struct NamespaceTests {
    @Test("A thread that makes a namespace stays where it is, and so does one that has something done there")
    func stays() throws {
        let home = try NetworkNamespace.current()
        let other = try NetworkNamespace.make()
        #expect(try home.isCurrent() && !other.isCurrent())
        let isThere = try other.inside { try other.isCurrent() }
        #expect(try isThere && home.isCurrent())
        #expect(try other.identity() != home.identity())
        #expect(try other.identity() == other.inside { try NetworkNamespace.current().identity() })
    }

    @Test("What is done in a namespace may give up the right to leave it; who had it done goes on where it was")
    func noWayBack() throws {
        let home = try NetworkNamespace.current()
        let other = try NetworkNamespace.make()
        let code = try other.inside { clinux_drop_capabilities() }
        #expect(code == 0)
        #expect(try home.isCurrent())
        // The right is there as before: it was that thread's alone.
        #expect(try other.inside { try other.isCurrent() })
    }

    @Test("An error in a namespace is the caller's, who is where it was") func error() throws {
        struct Failed: Error {}
        let home = try NetworkNamespace.current()
        let other = try NetworkNamespace.make()
        #expect(throws: Failed.self) { try other.inside { throw Failed() } }
        #expect(try home.isCurrent())
    }

    @Test("A program is started in another namespace, and told if it can't be") func program() throws {
        let other = try NetworkNamespace.make()
        let pipe = try Descriptor.pipe()
        var child = try ChildProcess(
            tied: ["readlink", "/proc/self/ns/net"], output: pipe.writing.number, in: other)
        #expect(child.wait() == 0)
        let said = String(decoding: try pipe.reading.read(upTo: 100), as: UTF8.self)
        #expect(said == "net:[\(try other.identity(cookie: nil))]\n")
        let failure = #expect(throws: SystemError.self) {
            _ = try ChildProcess(tied: ["/there/is/none"], in: other)
        }
        #expect(failure?.errno == .noEntry)
    }
}

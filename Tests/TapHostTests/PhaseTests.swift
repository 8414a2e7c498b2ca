import LinuxSystem
import MirrorEngine
import MirrorModel
import TapHost
import Testing

/// What refuses a tap, and when. Signals are blocked for good on the thread that opens one, so each has a thread of its own.
@Suite("A tap's phases") struct PhaseTests {
    private func words(_ body: @escaping @Sendable () throws -> Void) throws -> String {
        try OwnThread.run {
            do {
                try body()
            } catch let error as UserError {
                return error.description
            }
            return "nothing was refused"
        }
    }

    @Test("A user that isn't there is refused before anything is opened") func unknownUser() throws {
        let said = try words {
            let scene = try Scene()
            var tap = try scene.replay(["/dev/null"], to: [scene.files("\(scene.directory)/copies")])
            tap.privileges.user = "no-such-user"
            tap.pidFile = "\(scene.directory)/pid"
            defer { #expect((try? scene.left()) == []) }
            _ = try PreparedTap(tap, telling: Listener())
        }
        #expect(said.contains("no-such-user"))
    }

    @Test(
        "What the plan refuses is refused before anything is opened, and nothing was copied",
        .enabled(if: ThisProcess.has(.netAdmin), "needs CAP_NET_ADMIN, for a network namespace"))
    func refusedByThePlan() throws {
        let said = try words {
            try NetworkNamespace.makeOwn()
            let scene = try Scene()
            let lo = try PortName("lo")
            var tap = TapConfiguration(
                Mirror(
                    name: try MirrorName("tap"), sources: [.port(lo, .both)],
                    outputs: [.port(lo), try scene.files("\(scene.directory)/copies")], engine: .tap),
                on: scene.machine, purpose: "testing", application: "")
            tap.pidFile = "\(scene.directory)/pid"
            defer { #expect((try? scene.left()) == []) }
            _ = try tap.run(telling: Listener())
        }
        #expect(said.contains("lo") && said.hasSuffix("nothing was copied"), "\(said)")
    }

    @Test(
        "An interface that isn't there leaves no socket at which nobody answers, and no PID file",
        .enabled(if: ThisProcess.has(.netAdmin), "needs CAP_NET_ADMIN, for a network namespace"))
    func missingInterface() throws {
        let said = try words {
            try NetworkNamespace.makeOwn()
            let scene = try Scene()
            var tap = TapConfiguration(
                Mirror(
                    name: try MirrorName("tap"), sources: [.port(try PortName("nosuch"), .both)],
                    outputs: [try scene.files("\(scene.directory)/copies")], engine: .tap),
                on: scene.machine, purpose: "testing", application: "")
            tap.pidFile = "\(scene.directory)/pid"
            defer { #expect((try? scene.left()) == []) }
            let prepared = try PreparedTap(tap, telling: Listener())
            #expect(try scene.left() == [])
            _ = try prepared.open()
        }
        #expect(said.hasPrefix("there is no interface nosuch\n"), "\(said)")
    }

    @Test("A capture that isn't there leaves no PID file, and no directory is made") func missingCapture() throws {
        let said = try words {
            let scene = try Scene()
            let missing = "\(scene.directory)/missing.pcap"
            var tap = try scene.replay(["/dev/null", missing], to: [scene.files("\(scene.directory)/copies")])
            tap.pidFile = "\(scene.directory)/pid"
            defer { #expect((try? scene.left()) == []) }
            _ = try PreparedTap(tap, telling: Listener()).open()
        }
        #expect(said.hasPrefix("can't read ") && said.contains("missing.pcap: "), "\(said)")
    }

    @Test("Opening makes no directory: it is made in the root that the tap gets, right before privileges go")
    func order() throws {
        try OwnThread.run {
            let scene = try Scene()
            var tap = try scene.replay(["/dev/null"], to: [scene.files("\(scene.directory)/copies")])
            tap.pidFile = "\(scene.directory)/pid"
            let opened = try PreparedTap(tap, telling: Listener()).open()
            #expect(try scene.left() == ["pid"])
            Self.end(opened)
            #expect(try scene.left() == [])
        }
    }

    private static func end(_ tap: consuming OpenedTap) {}

    @Test("A directory that can't be made takes those with it that were made before") func failedDirectory() throws {
        let said = try words {
            let scene = try Scene()
            var tap = try scene.replay(
                ["/dev/null"],
                to: [scene.files("\(scene.directory)/made/for/it"), scene.files("/dev/null/in/a/file")])
            tap.pidFile = "\(scene.directory)/pid"
            defer { #expect((try? scene.left()) == []) }
            _ = try PreparedTap(tap, telling: Listener()).open().giveUpPrivileges()
        }
        #expect(said.hasPrefix("can't write to the directory /dev/null/in/a/file: "), "\(said)")
    }

    @Test("A process with other threads can't give its privileges up, which is an error; what was made goes")
    func otherThreads() throws {
        let said = try words {
            let scene = try Scene()
            var tap = try scene.replay(["/dev/null"], to: [scene.files("\(scene.directory)/copies")])
            tap.pidFile = "\(scene.directory)/pid"
            defer { #expect((try? scene.left()) == []) }
            _ = try PreparedTap(tap, telling: Listener()).open().giveUpPrivileges()
        }
        #expect(said == "can't give up privileges while other threads run")
    }
}

import LinuxSystem
import MirrorEngine
import MirrorModel
import Tap
import Testing

@testable import TapHost

/// A mirror with a definition, as the process that runs it sees it.
@Suite("A hosted tap") struct HostedTapTests {
    private static let text = """
        version: 1
        mirrors:
          m:
            from: vnet0
            to: vnet2
            snaplen: 64
            engine: tap

        """

    private func host(_ scene: Scene) throws -> HostedTap {
        let configuration = try TapConfiguration(
            hosting: try MirrorName("m"), on: scene.machine, application: "portmirror test")
        return try HostedTap(configuration.mirror, isDefined: true, isWatching: true, machine: scene.machine)
    }

    /// What it finds in the end: what is gone is looked at again before it counts.
    private func outcome(_ hosted: HostedTap) -> (isOver: Bool, reason: String?, status: Int32) {
        var isOver = false
        loop: while true {
            switch hosted.look() {
            case .lasts: break loop
            case .isOver:
                isOver = true
                break loop
            case .isOpen(let until):
                let now = ThisProcess.monotonicNanoseconds()
                if until > now { ThisProcess.pause(microseconds: UInt32((until - now) / 1000 + 1)) }
            }
        }
        let end = hosted.leave()
        return (isOver, end.reason, end.status)
    }

    @Test("It is wanted as long as its definition is there, however that is written") func lasting() throws {
        let scene = try Scene()
        try scene.define(Self.text)
        let hosted = try host(scene)
        #expect(outcome(hosted) == (false, nil, 0))
        try scene.define("# a comment\n" + Self.text)
        #expect(outcome(hosted) == (false, nil, 0))
        try Files.remove("\(scene.directory)/mirrors.d/m.yaml")
        try scene.define(Self.text, in: "other.yaml")
        #expect(outcome(hosted) == (false, nil, 0))
    }

    @Test("A definition that was removed ends it, with status 0; one that was changed, to be started again")
    func ending() throws {
        for (text, reason, status) in [
            (nil, "mirror m was removed", Int32(0)),
            (Self.text.replacingOccurrences("64", "65"), "mirror m was changed: run it again", 75),
        ] {
            let scene = try Scene()
            try scene.define(Self.text)
            let hosted = try host(scene)
            if let text { try scene.define(text) } else { try Files.remove("\(scene.directory)/mirrors.d/m.yaml") }
            #expect(outcome(hosted) == (true, reason, status))
        }
    }

    @Test("An editor that renames the file away and makes it anew ends nothing") func edited() throws {
        let scene = try Scene()
        try scene.define(Self.text)
        let hosted = try host(scene)
        try Files.remove("\(scene.directory)/mirrors.d/m.yaml")
        guard case .isOpen = hosted.look() else {
            Issue.record("it wasn't waited for")
            return
        }
        try scene.define(Self.text)
        #expect(outcome(hosted) == (false, nil, 0))
    }

    @Test("While its file can't be read it goes on, and says so to who asks; what is mended counts") func broken()
        throws
    {
        let scene = try Scene()
        try scene.define(Self.text)
        let hosted = try host(scene)
        #expect(outcome(hosted) == (false, nil, 0))
        try scene.define("version: 1\nmirrors: [")
        #expect(outcome(hosted) == (false, nil, 0))
        #expect(hosted.trouble?.hasPrefix("its definition can't be read: ") == true)
        try scene.define(Self.text.replacingOccurrences("64", "65"))
        #expect(outcome(hosted) == (true, "mirror m was changed: run it again", 75))
        #expect(hosted.trouble == nil)
    }

    @Test("An end that is set while it runs counts, and is the reason when it comes") func until() throws {
        let scene = try Scene()
        try scene.define(Self.text)
        let hosted = try host(scene)
        #expect(hosted.end == nil)
        try scene.define(Self.text.replacingOccurrences("    snaplen", "    until: 2001-02-03T04:05:06Z\n    snaplen"))
        #expect(outcome(hosted) == (false, "the time of mirror m is over", 0))
        #expect(hosted.end == 981_173_106)
    }

    @Test("What isn't defined, is broken or is over isn't run, and the reason is said") func refused() throws {
        let scene = try Scene()
        let name = try MirrorName("m")
        func words() -> String? {
            (#expect(throws: (any Error).self) {
                try TapConfiguration(hosting: name, on: scene.machine, application: "")
            }).map { "\($0)" }
        }
        #expect(words() == "there is no mirror m\n  none is defined")
        try scene.define(Self.text.replacingOccurrences("  m:", "  n:"))
        #expect(words() == "there is no mirror m\n  defined: n")
        try scene.define("version: 1\nmirrors:\n  m: [")
        #expect(words()?.hasPrefix("mirror m is left as it is, for its definition is broken:") == true)
        try scene.define(Self.text.replacingOccurrences("    snaplen", "    until: 2001-02-03T04:05:06Z\n    snaplen"))
        #expect(words()?.hasPrefix("the time of mirror m is over\n") == true)
    }

    @Test("Two processes don't run one mirror, and what a killed one left is in nobody's way") func twice() throws {
        let scene = try Scene()
        try scene.define(Self.text)
        let first = try host(scene)
        let error = #expect(throws: UserError.self) { try host(scene) }
        #expect(error?.message == "mirror m is being run by another process already")
        withExtendedLifetime(first) {}
    }
}

extension String {
    fileprivate func replacingOccurrences(_ old: String, _ new: String) -> String {
        split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
    }
}

import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import Tap

/// A mirror with a definition, in the process that runs it: it answers who asks how it is, and ends when the definition goes.
final class HostedTap {
    private let mirror: Mirror
    private let name: MirrorName
    private let store: IntentStore
    private let listener: LocalListener
    private let watch: DirectoryWatch?
    private let since = Session.now
    private let namespace = try? NetworkNamespace.identity()
    private var reason: String?
    /// Why it can't be told whether the mirror is still wanted.
    private var trouble: String?
    private var status: Int32 = 0

    /// Another process that runs the mirror already stands against this one.
    /// - Parameters:
    ///   - isDefined: whether the mirror has a definition; a process without one goes by its number.
    ///   - isWatching: whether it ends when its definition changes.
    init(_ mirror: Mirror, isDefined: Bool, isWatching: Bool, places: any Places) throws {
        self.mirror = mirror
        name = isDefined ? mirror.name : try TapReport.name(ofProcess: ThisProcess.id)
        store = places.storeIfAny
        let directory = TapEngine.directory(in: places.runDirectory)
        try Files.makeDirectory(directory)
        listener = try Self.listen(for: name, in: places.runDirectory)
        watch = isWatching ? try DirectoryWatch([store.permanentDirectory, store.temporaryDirectory]) : nil
    }

    private static func listen(for name: MirrorName, in runDirectory: String) throws -> LocalListener {
        do throws(SystemError) {
            return try LocalListener(TapEngine.socket(of: name, in: runDirectory))
        } catch {
            if error.errno == .timedOut {
                let directory = TapEngine.directory(in: runDirectory)
                let holder = FileLock.holder(of: "\(directory)/.lock")
                throw UserError(
                    "another process\(holder.map { ", \($0)," } ?? "") holds \(directory)/.lock, so this one can't say "
                        + "where it is to be asked",
                    advice: "end that process, and try again")
            }
            guard error.errno == .addressInUse else { throw error }
            throw UserError(
                "mirror \(name) is being run by another process already",
                advice: "look at it with 'portmirror show \(name)'")
        }
    }

    var socket: Int32 { listener.number }
    /// News of definitions; nil without one.
    var definition: Int32? { watch?.number }
    /// When its time is over, in seconds since 1970.
    var end: Int64? { mirror.until?.secondsSince1970 }

    func answer(_ counts: TapCounts) {
        listener.answerAll {
            var report = TapReport(counts, of: mirror, process: ThisProcess.id, since: since)
            report.namespace = namespace
            if let trouble { report.problems.append(trouble) }
            return (try? report.encoded) ?? []
        }
    }

    /// Whether the definition is still what is run.
    var isStillWanted: Bool {
        watch?.drain()
        let definitions: Definitions
        do {
            definitions = try store.load(now: Session.now)
        } catch {
            trouble = "the definitions can't be read: \(error)"
            return true
        }
        if let file = definitions.brokenFile(of: mirror.name) {
            // Whether it is still wanted can't be told: the next news may.
            trouble = "its definition can't be read: \(file.reason)"
            return true
        }
        trouble = nil
        guard let now = definitions.intents.first(where: { $0.mirror.name == mirror.name })?.mirror else {
            reason = "mirror \(mirror.name) was removed"
            return false
        }
        if now.fingerprint != mirror.fingerprint {
            reason = "mirror \(mirror.name) was changed: run it again"
            // EX_TEMPFAIL of sysexits.h: who supervises it starts it again.
            status = 75
            return false
        }
        return true
    }

    /// The status to end with; why it ended, if nobody asked for it, is said.
    func leave() -> Int32 {
        // By the clock that ended it: time(2) is some milliseconds behind.
        if let end, Clocks.realtimeNanoseconds() / 1_000_000_000 >= UInt64(clamping: end) {
            reason = "the time of mirror \(mirror.name) is over"
        }
        if let reason { Terminal.complain(reason) }
        return status
    }
}

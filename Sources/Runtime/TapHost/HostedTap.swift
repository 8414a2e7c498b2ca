internal import EventLoop
internal import LinuxSystem
internal import LocalSocket
internal import Machine
internal import MirrorEngine
internal import MirrorModel
internal import MirrorPlan
internal import Tap

/// A mirror with a definition, in the process that runs it: it answers who asks how it is, and ends when the definition goes.
final class HostedTap {
    private let mirror: Mirror
    private let name: MirrorName
    private let store: IntentStore
    private let listener: LocalListener
    private let watch: DirectoryWatch?
    private let since = Timestamp.now
    private let namespace: UInt64
    private var reason: String?
    /// Since when its definition has been gone or another one, by the monotonic clock.
    private var goneSince: UInt64?
    /// Nanoseconds that a definition is waited for: editors rename the file away before they make it anew.
    private static let patience: UInt64 = 1_000_000_000
    /// The file that has its definition, as far as is known.
    private var path: String?
    private var until: Timestamp?
    /// Why it can't be told whether the mirror is still wanted.
    private(set) var trouble: String?
    private var status: Int32 = 0

    /// Another process that runs the mirror already stands against this one.
    /// - Parameters:
    ///   - isDefined: whether the mirror has a definition; a process without one goes by its number.
    ///   - isWatching: whether it ends when its definition changes.
    init(_ mirror: Mirror, isDefined: Bool, isWatching: Bool, machine: MachineConfiguration) throws {
        self.mirror = mirror
        namespace = try NetworkNamespace.current().identity()
        until = mirror.until
        name = isDefined ? mirror.name : try TapReport.name(ofProcess: ThisProcess.id)
        store = try machine.store(isNeeded: false)
        let runDirectory = try machine.foundRunDirectory()
        let directory = TapEngine.directory(in: runDirectory)
        try Files.makeDirectory(directory)
        listener = try Self.listen(for: name, in: runDirectory)
        watch = isWatching ? try DirectoryWatch([store.permanentDirectory, store.temporaryDirectory]) : nil
    }

    /// One that copies without a definition answers, too, where it may: others see then what it does.
    convenience init?(for configuration: TapConfiguration, _ audience: any TapAudience) throws {
        let (mirror, machine) = (configuration.mirror, configuration.machine)
        guard !configuration.isHosted else {
            // In another root there are no definitions to look at.
            try self.init(
                mirror, isDefined: true, isWatching: configuration.privileges.root == nil, machine: machine)
            return
        }
        guard configuration.captures.isEmpty else { return nil }
        do {
            try self.init(mirror, isDefined: false, isWatching: false, machine: machine)
        } catch let error as UserError {
            audience.warn("warning: 'list' won't show this process: \(error.message)")
            return nil
        } catch {
            return nil
        }
    }

    private static func listen(for name: MirrorName, in runDirectory: String) throws -> LocalListener {
        do throws(SystemError) {
            return try LocalListener(TapEngine.socket(of: name, in: runDirectory))
        } catch {
            if error.errno == .timedOut {
                let directory = TapEngine.directory(in: runDirectory)
                let holder = FileLock.holder(of: "\(directory)/.lock")
                throw UserError(
                    "another process\(holder.map { ", \($0)," } ?? "") holds \(directory)/.lock, so nobody could ask "
                        + "this one for its numbers",
                    advice: "end that process, and try again")
            }
            guard error.errno == .addressInUse else { throw error }
            throw UserError(
                "mirror \(name) is being run by another process already",
                advice: "look at it with 'portmirror show \(name)'")
        }
    }

    /// News of definitions; nil without one.
    var definition: Int32? { watch?.number }
    /// When its time is over, in seconds since 1970.
    var end: Int64? { until?.secondsSince1970 }

    /// Answers who asks from now on.
    func begin(on loop: EventLoop, _ counts: @escaping () -> TapCounts) throws(SystemError) {
        try listener.begin(on: loop) { [unowned self] in
            var report = TapReport(counts(), of: mirror, process: ThisProcess.id, since: since)
            report.namespace = namespace
            if let trouble { report.problems.append(trouble) }
            return (try? report.encoded) ?? []
        }
    }

    /// Whether the definition is still what is run. If it isn't, that is looked at again a moment later: until then it copies
    /// by what it has.
    func look() -> TapLoop.Definition {
        watch?.drain()
        guard let ending = ending() else {
            goneSince = nil
            return .lasts
        }
        let now = ThisProcess.monotonicNanoseconds()
        let since = goneSince ?? now
        goneSince = since
        guard now - since >= Self.patience else { return .isOpen(until: since + Self.patience) }
        (reason, status) = ending
        return .isOver
    }

    /// Why it is to end, and with which status; nil if it isn't.
    private func ending() -> (reason: String, status: Int32)? {
        let definitions: Definitions
        do {
            definitions = try store.load(now: .now)
        } catch {
            trouble = "the definitions can't be read: \(error)"
            return nil
        }
        if let file = definitions.brokenFile(of: mirror.name, lastIn: path) {
            // Whether it is still wanted can't be told: the next news may.
            trouble = "its definition can't be read: \(file.reason)"
            return nil
        }
        trouble = nil
        guard let intent = definitions.intents.first(where: { $0.mirror.name == mirror.name }) else {
            return ("mirror \(mirror.name) was removed", 0)
        }
        let now = intent.mirror
        path = intent.path
        // A time from now would never come nearer.
        if !intent.isRelative { until = now.until }
        // Another engine may have it now, which would copy besides.
        let keepsEngine = now.engine == EngineCapabilities.tap.engine || now.engine == mirror.engine
        // EX_TEMPFAIL of sysexits.h: who supervises it starts it again.
        return now.fingerprint == mirror.fingerprint && keepsEngine
            ? nil : ("mirror \(mirror.name) was changed: run it again", 75)
    }

    /// Why it ended, if nobody asked for that, and the status to end with.
    func leave() -> (reason: String?, status: Int32) {
        // By the clock that ended it: time(2) is some milliseconds behind.
        if let end, Clocks.realtimeNanoseconds() / 1_000_000_000 >= UInt64(clamping: end) {
            reason = "the time of mirror \(mirror.name) is over"
        }
        return (reason, status)
    }
}

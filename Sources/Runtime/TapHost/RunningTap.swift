internal import CaptureLog
internal import EventLoop
internal import LinuxSystem
internal import MirrorEngine
internal import MirrorModel
internal import Tap

extension UnprivilegedTap {
    /// Begins files, which have threads of their own, and to hear. Whoever started it in the background is told that it runs.
    /// - Throws: ``UserError``, as when the user that it is now may not write to a directory.
    public consuming func begin() throws -> RunningTap { try RunningTap(self) }
}

/// A tap at work.
public struct RunningTap: ~Copyable {
    private let configuration: TapConfiguration
    private let audience: any TapAudience
    private let pidFile: PIDFile?
    private let captures: CaptureSequence?
    private let hosted: HostedTap?
    private let tap: Tap
    private let loop: TapLoop

    init(_ tap: consuming UnprivilegedTap) throws {
        do {
            try tap.opened.tap.begin(tap.files)
        } catch {
            // Where this user may.
            for file in tap.files { file.directory.takeBack() }
            switch error {
            case let error as UnwritableDirectoryError: throw UserError("\(error)", advice: Self.advice(error))
            case let error as CaptureLogError: throw UserError("\(error)")
            default: throw error
            }
        }
        let (copying, hosted) = (tap.opened.tap, tap.opened.hosted)
        let loop = try EventLoop()
        try hosted?.begin(on: loop) { copying.counts() }
        // Nobody looks at a daemon, whoever started it.
        let looksOn = tap.opened.audience.looksOn && tap.opened.start == nil
        let duties = tap.opened.configuration.duties(tap.opened.audience, looksOn: looksOn, hosted)
        let running = try TapLoop(copying, duties, signals: tap.opened.signals, on: loop)
        if let start = tap.opened.start { try start.ready() }
        configuration = tap.opened.configuration
        audience = tap.opened.audience
        captures = tap.opened.captures
        self.hosted = hosted
        self.tap = copying
        self.loop = running
        pidFile = tap.opened.pidFile
    }

    /// What helps depends on what is in the way: the owner, the mode, or something that no owner changes.
    private static func advice(_ error: UnwritableDirectoryError) -> String {
        let path = shellWord(error.path)
        guard error.errno == .access, let owner = error.owner else { return "choose another directory" }
        guard owner != error.user else {
            let mayWrite = (error.permissions ?? 0) & 0o300 == 0o300
            return mayWrite ? "something else forbids it (AppArmor, SELinux, an ACL)" : "chmod u+wx \(path)"
        }
        // Root without its powers is a user like any other.
        return "give it to \(error.user): chown \(error.user) \(path); or run this as "
            + (owner == "root" ? "root, without -u" : "\(owner): -u \(owner)")
    }

    /// Copies until it is told to end, has enough, or is wanted no more. The numbers have been told when this returns.
    /// - Returns: the status for whoever supervises it: 0, or 75 (EX_TEMPFAIL of sysexits.h) if it is to be started again.
    public consuming func run() throws -> Int32 {
        let counts: TapCounts
        do {
            if let captures {
                counts = try loop.replay { [isPaced = configuration.isPaced] in try captures.next(isPaced: isPaced) }
            } else {
                counts = try loop.run()
            }
        } catch {
            // What was copied is complete, and told.
            tap.stop()
            tap.copy()
            tap.finish()
            audience.tellEnd(tap.counts())
            throw error
        }
        audience.tellEnd(counts)
        withExtendedLifetime(pidFile) {}
        guard let end = hosted?.leave() else { return 0 }
        if let reason = end.reason { audience.warn(reason) }
        return end.status
    }
}

extension TapConfiguration {
    fileprivate func duties(
        _ audience: any TapAudience, looksOn: Bool, _ hosted: HostedTap?
    ) -> TapLoop.Duties {
        var duties = TapLoop.Duties()
        duties.rotatesOnHangUp = outlivesHangUp || !mirror.directories.isEmpty
        duties.statusInterval = statusInterval
        duties.duration = duration
        duties.tellStatus = { audience.tell($0) }
        if looksOn { duties.showProgress = { audience.show($0) } }
        if let hosted {
            if let definition = hosted.definition { duties.definition = (definition, { hosted.look() }) }
            duties.end = { hosted.end }
        }
        return duties
    }

    /// A tap's whole life.
    /// - Returns: its status, as ``RunningTap/run()``.
    public func run(telling audience: any TapAudience) throws -> Int32 {
        try PreparedTap(self, telling: audience).open().giveUpPrivileges().begin().run()
    }
}

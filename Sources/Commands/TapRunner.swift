import ArgumentParser
import CaptureFile
import CaptureLog
import LinuxSystem
import Machine
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan
import PacketFilter
import Tap

/// Runs a mirror in this process, from what the command line says to the numbers at the end.
///
/// First it looks at the machine, as every command does, and refuses what can't be.
struct TapRunner {
    var mirror: Mirror
    var captures: [String] = []
    var isPaced = false
    var limit: UInt64?
    /// After how long it ends.
    var duration: Duration?
    var latency: UInt32
    var ringBytes = 32 << 20
    /// Whether copies go through their ports' queues in any case.
    var usesQueues = false
    var isPromiscuous = true
    /// Whether a bridge device is to show all that goes through the bridge.
    var opensBridges = false
    var waits = false
    var user: String?
    var group: String?
    var root: String?
    var files = FileExtras()
    /// Whether it goes on in the background, and the file that then tells its number.
    var isDaemon = false
    var pidFile: String?
    /// Whether SIGHUP, which begins new files, ends nothing where there are none.
    var outlivesHangUp = false
    /// Whether it is a mirror with a definition, which others ask for.
    var isHosted = false
    var report: TapReportStyle
    var purpose: String
    let machine: MachineConfiguration

    /// What files are like beyond a definition's settings.
    struct FileExtras {
        var afterRotation: String?
        var flushesEachFrame = false
        var mostFiles: UInt64?
        var prunesOnlyThisRun = false
        var usesMicroseconds = false
        var hasNoExtension = false
        var schedule: RotationPolicy.Schedule?
    }

    init(
        _ mirror: Mirror, _ privileges: PrivilegeOptions, _ report: TapReportStyle, _ limits: TapLimits,
        _ machine: MachineConfiguration, purpose: String
    ) {
        self.mirror = mirror
        latency = limits.latencyMilliseconds(of: mirror)
        ringBytes = limits.ringBytes
        user = privileges.user
        group = privileges.group
        root = privileges.chroot
        self.report = report
        self.purpose = purpose
        self.machine = machine
    }

    /// For tap and log.
    init(
        _ mirror: Mirror, _ source: TapSourceOptions, _ privileges: PrivilegeOptions, _ report: ReportOptions,
        _ machine: MachineConfiguration, purpose: String
    ) throws {
        self.init(
            mirror, privileges, try TapReportStyle(report, name: mirror.name.description), try source.limits, machine,
            purpose: purpose)
        captures = source.captures
        isPaced = source.paced
        limit = source.count
        duration = try source.duration
        isPromiscuous = !source.isNotPromiscuous
        waits = source.wait
    }

    // MARK: From beginning to end

    func run() throws {
        let identity = try identity()
        // Captures to files are nobody's but the files' owner's affair.
        if captures.isEmpty || !mirror.outputPorts.isEmpty { try Privilege.requireNetRaw(to: purpose) }
        let points = captures.isEmpty ? try look() : []
        var start = isDaemon ? try DaemonStart() : nil
        let pid = try heldPIDFile()
        ThisProcess.outliveReaders()
        let signals = try SignalDescriptor(wantedSignals)
        let reader = try captures.isEmpty ? nil : CaptureSequence(captures)
        let style = report
        var settings = try tapSettings(points)
        let hosted = try hostedTap()
        let namespace = try NetworkNamespace.current()
        try changeRoot()
        settings.files = try tapFiles(identity)
        let tap = try open(settings, in: namespace)
        try giveUpPrivileges(identity)
        try begin(tap)
        if let start = start.take() { try start.ready() }
        var loop = TapLoop(tap, duties(style, hosted), signals: signals)
        let counts: TapCounts
        do {
            if let reader {
                counts = try loop.replay { try reader.next(isPaced: isPaced) }
            } else {
                counts = try loop.run()
            }
        } catch {
            // What was copied is complete, and told.
            tap.stop()
            tap.copy()
            tap.finish()
            style.end(tap.counts())
            throw error
        }
        style.end(counts)
        withExtendedLifetime(pid) {}
        if let status = hosted?.leave(), status != 0 { throw ExitCode(status) }
    }

    private func open(_ settings: TapSettings, in namespace: NetworkNamespace) throws -> Tap {
        let style = report
        do {
            return try Tap(settings, in: namespace) { style.remark($0) }
        } catch let error as SystemError where error.errno == .noDevice {
            throw UserError(
                "there is no interface \(error.object)",
                advice: "'portmirror ports' lists what there is; --wait waits for it")
        }
    }

    private func begin(_ tap: Tap) throws {
        do {
            try tap.begin()
        } catch let error as UnwritableDirectoryError {
            throw UserError("\(error)", advice: Self.advice(error))
        } catch let error as CaptureLogError {
            throw UserError("\(error)")
        }
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

    private func heldPIDFile() throws -> PIDFile? {
        guard let pidFile else { return nil }
        do throws(PIDFileError) { return try PIDFile(pidFile) } catch { throw UserError("\(error)") }
    }

    /// One that copies without a definition answers, too, where it may: others see then what it does.
    private func hostedTap() throws -> HostedTap? {
        // In another root there are no definitions to look at.
        if isHosted { return try HostedTap(mirror, isDefined: true, isWatching: root == nil, machine: machine) }
        guard captures.isEmpty else { return nil }
        do {
            return try HostedTap(mirror, isDefined: false, isWatching: false, machine: machine)
        } catch let error as UserError {
            Terminal.complain("warning: 'list' won't show this process: \(error.message)")
            return nil
        } catch {
            return nil
        }
    }

    /// What was started with nohup(1) goes on when its terminal goes; files begin anew at that signal in any case.
    private var wantedSignals: Set<Signal> {
        let isDeaf = Signal.hangUp.isIgnored && mirror.directories.isEmpty
        return [.interrupt, .terminate, .quit, .user1, isDeaf ? .user1 : .hangUp]
    }

    private func duties(_ style: TapReportStyle, _ hosted: HostedTap?) -> TapLoop.Duties {
        var duties = TapLoop.Duties()
        duties.rotatesOnHangUp = outlivesHangUp || !mirror.directories.isEmpty
        duties.statusInterval = style.interval
        duties.duration = duration
        duties.tellStatus = { style.tell($0) }
        if style.showsProgress { duties.showProgress = { style.progress($0) } }
        if let hosted {
            duties.questions = (hosted.socket, { hosted.answer($0) })
            if let definition = hosted.definition { duties.wish = (definition, { hosted.look() }) }
            duties.end = { hosted.end }
        }
        return duties
    }

    /// The points that are watched. Refuses what no tap should do.
    private func look() throws -> [Point] {
        if !isHosted, case .port(let any, let direction) = mirror.sources.first, any.isAny {
            return direction.hooks.map { Point(any, $0) }.sorted { $0.hook < $1.hook }
        }
        let machine = try Machine(machine, needsDefinitions: isHosted) { Terminal.complain($0) }
        let (plan, points) = try machine.reconciler.judge(mirror, isDefined: isHosted, now: .now)
        guard plan.refusals.isEmpty else {
            throw UserError(
                each: plan.refusals.map { isHosted ? $0.description : $0.message },
                advice: "nothing was copied")
        }
        // What the kernel or the switch copies already would come twice.
        if isHosted, let engine = plan.engines[mirror.name], engine != .tap {
            throw UserError(
                "mirror \(mirror.name) needs no process: the \(engine) engine copies as long as it is defined",
                advice: "'portmirror show \(mirror.name)' has its counters; 'engine: tap' makes it a tap's")
        }
        for warning in plan.warnings { Terminal.complain("warning: \(warning.message)") }
        return points
    }

    private func changeRoot() throws {
        guard let root else { return }
        // What is loaded on demand can't be found in there.
        if mirror.outputs.contains(where: { $0.files?.compression != nil }) { Zstandard.load() }
        do { try Privileges.changeRoot(to: root) } catch { throw UserError("\(error)") }
    }

    private func identity() throws -> Identity? {
        guard user != nil || group != nil else { return nil }
        do {
            return try Identity(userName: user, groupName: group)
        } catch {
            throw UserError("\(error)")
        }
    }

    private func giveUpPrivileges(_ identity: Identity?) throws {
        do {
            try Privileges.drop(to: identity)
        } catch {
            throw UserError("\(error)")
        }
    }
}

extension TapRunner {
    /// What the tap is to do, for points that were found to be watched.
    fileprivate func tapSettings(_ points: [Point]) throws -> TapSettings {
        var settings = try TapSettings(mirror, at: points)
        settings.latency = latency
        settings.ringBytes = ringBytes
        settings.usesQueues = usesQueues
        settings.limit = limit
        settings.isPromiscuous = isPromiscuous
        settings.opensBridges = opensBridges
        settings.waits = waits
        return settings
    }

    /// The files that copies go to; their directories are made where they aren't there, and opened.
    fileprivate func tapFiles(_ identity: Identity?) throws -> [TapFiles] {
        try mirror.outputs.compactMap(\.files).map { (settings: FileSettings) in
            let path = settings.directory.description
            let directory: OpenedDirectory
            do throws(SystemError) {
                directory = try OpenedDirectory(path, makingFor: identity)
            } catch {
                throw UserError("can't write to the directory \(path): \(error.errno)")
            }
            return TapFiles(
                log: try logSettings(settings), directory: directory, flushesEachFrame: files.flushesEachFrame)
        }
    }

    private func logSettings(_ settings: FileSettings) throws -> CaptureLogSettings {
        let format: CaptureFormat =
            settings.format == .pcapng ? .pcapng : .pcap(nanoseconds: !files.usesMicroseconds)
        let compression: CaptureLogSettings.Compression? = settings.compression.map { _ in .zstd(level: 3) }
        let fileExtension = files.hasNoExtension ? "" : CaptureLogSettings.fileExtension(format, compression)
        let template: FileNameTemplate
        do throws(TemplateError) {
            template = try FileNameTemplate(
                settings.name ?? FileNameTemplate.defaultPattern, fileExtension: fileExtension)
        } catch {
            throw UserError("--name \(error)", kind: .usage)
        }
        var log = CaptureLogSettings(
            name: template, format: format, compression: compression, directoryPath: settings.directory.description)
        let name = mirror.sources.first?.port.description
        log.interfaceName = mirror.sources.count == 1 ? name ?? "capture" : mirror.name.description
        log.snaplen = mirror.snaplen ?? 262_144
        log.rotation = RotationPolicy(
            bytes: settings.rotateSize, packets: settings.rotatePackets.map(UInt64.init),
            schedule: files.schedule ?? settings.rotateTime.map { .aligned(seconds: $0.components.seconds) })
        log.clock = captures.isEmpty ? .wall : .packets
        // The kernel hands a block over after one or two times the latency, by a clock of a few milliseconds.
        log.lateness = (2 * Int64(latency) + 20) * 1_000_000
        log.pruning = PrunePolicy(
            files: settings.keepFiles.map(Int.init), bytes: settings.keepBytes,
            age: settings.keepAge.map(\.components.seconds), percent: settings.keepPercent.map(Int.init))
        log.prunesOnlyThisRun = files.prunesOnlyThisRun
        log.mostFiles = files.mostFiles
        // A command without a word for it gets the path as its last one.
        log.afterRotation = files.afterRotation.map { $0.contains("$") ? $0 : "\($0) \"$@\"" }
        let system = SystemName.current
        log.origin = PcapngWriter.Origin(
            hardware: system.machine, system: "\(system.system) \(system.release)",
            application: "portmirror \(PortmirrorCommand.version)")
        return log
    }
}

internal import CaptureFile
internal import CaptureLog
internal import LinuxSystem
internal import MirrorEngine
internal import MirrorModel

extension TapConfiguration {
    /// How capture files are written that the mirror has among its outputs.
    /// - Throws: ``UserError`` for a name that is no template.
    func log(_ settings: FileSettings) throws -> CaptureLogSettings {
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
        log.lateness = (2 * Int64(milliseconds) + 20) * 1_000_000
        log.pruning = PrunePolicy(
            files: settings.keepFiles.map(Int.init), bytes: settings.keepBytes,
            age: settings.keepAge.map(\.components.seconds), percent: settings.keepPercent.map(Int.init))
        log.prunesOnlyThisRun = files.prunesOnlyThisRun
        log.mostFiles = files.mostFiles
        // A command without a word for it gets the path as its last one.
        log.afterRotation = files.afterRotation.map { $0.contains("$") ? $0 : "\($0) \"$@\"" }
        let system = SystemName.current
        log.origin = PcapngWriter.Origin(
            hardware: system.machine, system: "\(system.system) \(system.release)", application: application)
        return log
    }
}

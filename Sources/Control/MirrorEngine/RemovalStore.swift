internal import LinuxSystem
internal import MirrorConfig
public import MirrorModel

/// Definitions that have gone while the engine that may run them didn't answer: a file each, `NAME.removed`, beside the
/// definitions that stay, until it is certain that nothing of them runs.
///
/// They survive a restart, as rows of Open vSwitch's database do. A mirror of the same name may be defined meanwhile.
public struct RemovalStore: Sendable {
    private let directory: String
    private static let suffix = ".removed"

    /// - Parameter directory: of the definitions that stay.
    public init(directory: String) { self.directory = directory }

    /// All of them, by name. Of one whose file can't be read the name is left: it is its file's.
    public func load() throws -> [Mirror] {
        try (Files.list(directory) ?? []).compactMap { file in
            guard file.hasSuffix(Self.suffix), let name = try? MirrorName(String(file.dropLast(Self.suffix.count)))
            else { return nil }
            let bytes = (try? Files.readRegular("\(directory)/\(file)", atMost: maximumConfigSize)) ?? nil
            let text = bytes.flatMap { String(validating: $0, as: UTF8.self) } ?? ""
            let parsed = try? parseConfig(text, file: file, now: Timestamp(secondsSince1970: 0))
            return parsed?.map(\.mirror).first { $0.name == name } ?? Mirror(name: name, sources: [], outputs: [])
        }
    }

    /// Keeps a definition until ``drop(_:)``, on the disk.
    /// - Returns: how to put back what was there.
    func save(_ mirror: Mirror) throws -> IntentStore.Undo {
        try Files.makeDirectory(directory)
        let path = path(of: mirror.name)
        let before = try Files.readRegular(path, atMost: maximumConfigSize)
        let text = [UInt8](renderConfig([mirror]).utf8)
        try Files.write(text, to: path)
        try Files.syncFileSystem(of: directory)
        return IntentStore.Undo(path: path, written: text, content: before)
    }

    /// Nothing of the mirror runs any more.
    func drop(_ name: MirrorName) throws { try Files.remove(path(of: name)) }

    /// Removes what a run that was killed while it wrote left. For who holds the lock.
    func removeUnfinished() throws { try Files.removeUnfinished(in: directory, suffix: Self.suffix) }

    private func path(of name: MirrorName) -> String { "\(directory)/\(name)\(Self.suffix)" }
}

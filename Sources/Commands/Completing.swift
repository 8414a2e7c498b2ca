import ArgumentParser
import LinuxSystem
import Machine
import MirrorEngine
import MirrorModel
import Netlink
import RouteNetlink

/// What a shell offers at the Tab key where only this machine can tell. What can't be found out is left out, silently.
enum Completing {
    /// Ports by their names and altnames; after a comma, one more.
    static let ports = CompletionKind.custom { _, _, beginning in
        let done = beginning.lastIndex(of: ",").map { beginning[...$0] } ?? ""
        return portNames().map { done + $0 }
    }

    /// Mirrors that are defined.
    static let mirrors = CompletionKind.custom { words, _, _ in
        let place = words.firstIndex(of: "--config-dir").map { words.index(after: $0) }
        // The shell asks the program, which hands nothing in.
        var configuration = MachineConfiguration(.current())
        if let place, place < words.endIndex { configuration.configDirectory = words[place] }
        return ((try? configuration.store().load(now: .now).intents) ?? []).map(\.mirror.name.description)
    }

    private static func portNames() -> [String] {
        guard let socket = try? NetlinkSocket(.route, in: .current()),
            let messages = try? socket.dump(LinkRequest.dump())
        else {
            return []
        }
        return messages.compactMap { try? Link($0) }.flatMap { [$0.name] + $0.altnames }.filter(isHarmless).sorted()
    }

    /// Whether a shell acts on nothing in a name. bash expands the words that it offers (`compgen -W`), and who may name an
    /// interface needn't be who completes; other names are for typing.
    private static func isHarmless(_ name: String) -> Bool { shellWord(name) == name && !name.contains("=") }
}

import ArgumentParser
import Machine
import MirrorEngine
import MirrorModel

struct AddCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Define a mirror and start it.",
        usage: "portmirror add <name> --from <port> --to <port> [<options>]",
        discussion: """
            A port that doesn't exist yet makes the mirror wait for it. The definition is kept in a file and survives \
            restarts; what is changed on an output is put back when the mirror is removed.

            Examples:
              portmirror add ids --from vnet0 --to vnet2
              portmirror add web --from vnet0:ingress,vnet1 --to vnet2 --filter 'tcp port 80'
              portmirror add lan --from-bridge br0 --to vnet2 --vlan 10,20-29
              portmirror add look --from eth0 --to tap7 --for 10m --temporary
              portmirror add far --from-bridge ovsbr0 --to vlan:12@ovsbr0 --snaplen 128
              portmirror add log --from vnet0 --to files:/var/log/vnet0 --rotate-size 100M --keep-files 10
            """)

    @Argument(help: ArgumentHelp("The mirror's name: 1 to 15 of A-Z a-z 0-9 . _ -", valueName: "name"))
    var operands: [String] = []

    @OptionGroup var options: MirrorOptions

    @Flag(help: "Forget it at the next restart of the machine.")
    var temporary = false

    @Flag(help: "Put it in the place of a mirror of the same name.")
    var replace = false

    @Flag(help: "Show what would be done, and do nothing.")
    var dryRun = false

    @OptionGroup var places: PlaceOptions

    func validate() throws { _ = try mirror(now: .now) }

    func mirror(now: Timestamp) throws -> Mirror { try options.mirror(operands, now: now) }

    func run(in context: CommandContext) throws {
        let mirror = try mirror(now: .now)
        try Definition(name: mirror.name, isDryRun: dryRun, verb: "adding", places: places, context: context).run { _ in
            .define([Request.Definition(mirror, isTemporary: temporary)], mustBeNew: !replace)
        }
    }
}

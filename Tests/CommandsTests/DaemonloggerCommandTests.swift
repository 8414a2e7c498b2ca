import ArgumentParser
import Testing

@testable import Commands

@Suite struct DaemonloggerCommandTests {
    @Test(
        "Flags that stand together with an option are taken apart, values and filters left as they are",
        arguments: [
            ("-i eth0", "-i eth0"), ("-ieth0 -s1g", "-ieth0 -s1g"), ("-dr", "-d -r"), ("-dri eth0", "-d -r -i eth0"),
            ("-Frzieth0 -rm2", "-F -r -z -ieth0 -r -m2"), ("-n -dr -dr", "-n -dr -d -r"), ("-h --help", "-h --help"),
            ("-dndr", "-d -ndr"), ("-i eth0 -- -dr", "-i eth0 -- -dr"), ("- tcp port 80", "- tcp port 80"),
            ("-X", "-X"),
            ("-dX", "-d -X"),
        ])
    func spelledOut(arguments: String, expected: String) {
        let words = arguments.split(separator: " ").map(String.init)
        #expect(DaemonloggerCommand.spelledOut(words).joined(separator: " ") == expected)
    }

    @Test(
        "What scripts say is taken",
        arguments: [
            "-i eth0 -o eth1", "-i eth0 -l /tmp -n x -s 1g -m 5 -r", "-r -M 80 -z", "-t 60", "-t 5m", "-t 2h", "-t 1d",
            "-s 10k",
            "-s 5m", "-s 2t", "-s 2147483648", "-c 10 tcp port 80", "-d -p a.pid -P /run",
            "-u nobody -g nogroup -T /jail",
            "-F -S 96", "-z", "-c 0 -m 0 -S 0 -t 0", "-v",
        ])
    func taken(arguments: String) throws {
        _ = try DaemonloggerCommand.parse(arguments.split(separator: " ").map(String.init))
    }

    @Test(
        "What can't be meant is refused",
        arguments: [
            "-s 0", "-s x", "-t x", "-t 1w", "-M 80", "-r -M 0", "-r -M 100", "-S 5", "-i eth0 -R file", "no filter",
        ])
    func refused(arguments: String) {
        #expect(throws: (any Error).self) {
            try DaemonloggerCommand.parse(arguments.split(separator: " ").map(String.init))
        }
    }
}

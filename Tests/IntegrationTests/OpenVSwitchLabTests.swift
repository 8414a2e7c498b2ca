import MirrorModel
import TestSupport
import Testing

extension IntegrationTests {
    /// The lab itself: what others rely on.
    @Suite("Open vSwitch's lab", .needs(.openVSwitch))
    struct OpenVSwitchLabTests {
        @Test("Hosts behind an Open vSwitch bridge reach each other, and a mirror made by hand copies")
        func pings() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try openVSwitch.vsctl(
                    "--id=@p3 get Port p3 -- --id=@p1 get Port p1 -- --id=@m create Mirror name=by-hand "
                        + "select_src_port=@p1 output_port=@p3 -- add Bridge br0 mirrors @m")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                let echoes = DirectionTests.echoes(try witness.finish(expecting: 10, sentinelThrough: "p3"))
                #expect(echoes == (10, 0, 0))
            }
        }

        @Test("The database outlives its server, and the switch is set up anew after being killed")
        func restarts() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                try openVSwitch.restart(.server)
                try openVSwitch.restart(.switch, signal: 9)
                // ovs-vsctl waits for the new switch to have made the bridge.
                try openVSwitch.vsctl("set Bridge br0 external_ids:seen=yes")
                try openVSwitch.setUp([try PortName("br0")])
                try lab.ping(1, 2)
                try openVSwitch.vsctl("remove Bridge br0 external_ids seen")
                try openVSwitch.end(.switch)
                #expect(openVSwitch.processID(.switch) == nil)
                lab.recreatesPorts = true
            }
        }

        @Test("What others change in the database is seen, and what bears this tool's mark isn't")
        func snapshot() throws {
            try withOpenVSwitchLab { _, openVSwitch in
                let before = try OpenVSwitchSnapshot(of: openVSwitch)
                try openVSwitch.vsctl(
                    "-- --id=@m create Mirror name=x external_ids:portmirror=x -- add Bridge br0 mirrors @m "
                        + "-- add-port br0 x0 -- set Interface x0 type=internal external_ids:portmirror=x "
                        + "-- set Port x0 external_ids:portmirror=x")
                #expect(before.differences(to: try OpenVSwitchSnapshot(of: openVSwitch)) == "")
                try openVSwitch.vsctl(
                    "-- clear Bridge br0 mirrors -- del-port x0 -- --id=@m create Mirror name=x "
                        + "-- add Bridge br0 mirrors @m")
                let differences = before.differences(to: try OpenVSwitchSnapshot(of: openVSwitch))
                #expect(differences.contains("+ mirrors: ") && differences.contains("+ name: x"))
                try openVSwitch.vsctl("clear Bridge br0 mirrors")
            }
        }

        @Test("A neighbour changes the bridge all the time and leaves nothing") func neighbour() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                let neighbour = try OpenVSwitchNeighbour(openVSwitch)
                try lab.ping(1, 2)
                try neighbour.stop()
                #expect(neighbour.rounds > 0)
            }
        }
    }
}

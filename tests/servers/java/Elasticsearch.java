import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.transport.Netty4Plugin;

/** Elasticsearch nodes, one per home folder, without the launcher that demands not to be root. */
final class Elasticsearch {
    /** The constructor that takes plug-ins from the class path is for subclasses only. */
    private static final class Embedded extends Node {
        Embedded(Environment environment) {
            super(environment, List.of(Netty4Plugin.class), true);
        }
    }

    public static void main(String[] homes) throws Exception {
        List<Node> nodes = new ArrayList<>();
        for (String home : homes) {
            Settings settings = Settings.builder().put("path.home", home).build();
            nodes.add(new Embedded(InternalSettingsPreparer.prepareEnvironment(
                settings, Map.of(), Path.of(home, "config"), () -> "unnamed")));
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
        for (Node node : nodes) {
            // A node without a master waits for one before it opens its port; the others need not.
            new Thread(() -> {
                try {
                    node.start();
                } catch (Exception cause) {
                    cause.printStackTrace();
                    Runtime.getRuntime().halt(1);
                }
            }).start();
        }
        // All threads of a node are daemons: this one keeps the process.
        Thread.currentThread().join();
    }
}

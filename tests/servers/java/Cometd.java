import java.util.Map;
import org.cometd.bayeux.server.BayeuxServer;
import org.cometd.bayeux.server.ServerMessage;
import org.cometd.bayeux.server.ServerSession;
import org.cometd.server.DefaultSecurityPolicy;
import org.cometd.server.http.jakarta.CometDServlet;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** CometD servers: Cometd PATH PORT[:TOKEN]..., each with sessions of its own. */
final class Cometd {
    public static void main(String[] arguments) throws Exception {
        for (int i = 1; i < arguments.length; i++) {
            String[] parts = arguments[i].split(":", 2);
            serve(arguments[0], Integer.parseInt(parts[0]), parts.length > 1 ? parts[1] : null);
        }
    }

    private static void serve(String path, int port, String token) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server, 1, 1);
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        server.addConnector(connector);

        ServletHolder servlet = new ServletHolder(CometDServlet.class);
        servlet.setInitOrder(1);
        servlet.setAsyncSupported(true);
        servlet.setInitParameters(Map.of("timeout", "10000", "interval", "0", "maxInterval", "15000"));
        ServletContextHandler context = new ServletContextHandler("/");
        context.addServlet(servlet, path + "/*");
        server.setHandler(context);
        server.start();
        if (token != null) {
            ((BayeuxServer) context.getServletContext().getAttribute(BayeuxServer.ATTRIBUTE))
                .setSecurityPolicy(new BearerOnly(token));
        }
    }

    private static final class BearerOnly extends DefaultSecurityPolicy {
        private final String header;

        BearerOnly(String token) {
            header = "Bearer " + token;
        }

        @Override
        public boolean canHandshake(BayeuxServer server, ServerSession session, ServerMessage message) {
            var transport = message.getBayeuxContext();
            return session.isLocalSession()
                || transport != null && header.equals(transport.getHeader("Authorization"));
        }
    }
}

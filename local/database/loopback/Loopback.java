import java.lang.reflect.Field;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

/**
 * Starts DynamoDB Local on this machine's own address only. By itself it listens on every address that the machine
 * has and knows no option against it, so that anybody in the same network reads and writes all tables.
 *
 * Java without its compiler runs this too, so it is kept compiled beside this file:
 * javac --release 17 -g:none -cp "<lib>/DynamoDBLocal.jar:<lib>/DynamoDBLocal_lib/*" Loopback.java
 */
public final class Loopback {
  private Loopback() {}

  public static void main(String[] arguments) throws Exception {
    DynamoDBProxyServer proxy = ServerRunner.createServerFromCommandLineArgs(arguments);
    Field field = DynamoDBProxyServer.class.getDeclaredField("server");
    field.setAccessible(true);
    Server server = (Server) field.get(proxy);
    for (Connector connector : server.getConnectors()) {
      ((ServerConnector) connector).setHost("127.0.0.1");
    }
    server.start();
    server.join();
  }
}

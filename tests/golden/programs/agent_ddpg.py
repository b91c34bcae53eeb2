"""An actor trained along its critic's slope by the action, and both followed by slow targets, as DDPG does it."""

# tolerance: rtol=2e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Dense, Input, add
from keras.models import Model
from keras.optimizers import SGD

STATES, ACTIONS, TAU, GAMMA = 3, 2, 0.1, 0.9
config = tf.ConfigProto()
config.gpu_options.allow_growth = True
sess = tf.Session(config=config)
K.set_session(sess)


class Actor(object):
    """One layer, so that no step of training reads a weight that the same step assigns."""

    def __init__(self, sess, rate):
        self.sess = sess
        self.model, self.weights, self.state = self.create()
        self.target_model, self.target_weights, self.target_state = self.create()
        self.action_gradient = tf.placeholder(tf.float32, [None, ACTIONS])
        self.params_grad = tf.gradients(self.model.output, self.weights, -self.action_gradient)
        grads = zip(self.params_grad, self.weights)
        self.optimize = tf.train.MomentumOptimizer(rate, 0.5).apply_gradients(grads)
        self.sess.run(tf.global_variables_initializer())

    def create(self):
        state = Input(shape=[STATES])
        action = Dense(ACTIONS, activation="tanh", kernel_initializer="zeros")(state)
        model = Model(input=state, output=action)
        return model, model.trainable_weights, state

    def train(self, states, action_grads):
        self.sess.run(self.optimize, feed_dict={self.state: states, self.action_gradient: action_grads})

    def target_train(self):
        weights, targets = self.model.get_weights(), self.target_model.get_weights()
        self.target_model.set_weights([TAU * w + (1 - TAU) * t for w, t in zip(weights, targets)])


class Critic(object):
    """Two inputs that meet in the middle; only the last layer is trained."""

    def __init__(self, sess, rate):
        self.sess, self.rate = sess, rate
        self.model, self.action, self.state = self.create()
        self.target_model = self.create()[0]
        self.action_grads = tf.gradients(self.model.output, self.action)

    def create(self):
        state, action = Input(shape=[STATES]), Input(shape=[ACTIONS], name=None)
        s = Dense(4, activation="sigmoid", trainable=False)(state)
        a = Dense(4, activation="linear", trainable=False)(action)
        value = Dense(1, activation="linear")(add([s, a]))
        model = Model(input=[state, action], output=value)
        model.compile(loss="mse", optimizer=SGD(lr=self.rate))
        return model, action, state

    def gradients(self, states, actions):
        return self.sess.run(self.action_grads, feed_dict={self.state: states, self.action: actions})[0]


def fill(model, rate):
    model.set_weights([np.sin(rate * (1 + np.arange(w.size))).reshape(w.shape) for w in model.get_weights()])


actor, critic = Actor(sess, 0.05), Critic(sess, 0.1)
for each, rate in zip((actor.model, actor.target_model, critic.model, critic.target_model), (0.3, 0.3, 0.5, 0.5)):
    fill(each, rate)

states = np.cos(np.arange(12.0)).reshape(4, STATES)
rewards, done = np.array([1.0, -1.0, 0.5, 0.0]), [False, False, True, False]
print(actor.model.predict(states))
for step in range(3):
    actions = actor.model.predict(states) + 0.1 * np.sin(np.arange(8.0) + step).reshape(4, 2)
    q = critic.target_model.predict([states[::-1], actor.target_model.predict(states[::-1])])
    y = np.array([r if d else r + GAMMA * v for r, d, v in zip(rewards, done, q[:, 0])])
    loss = critic.model.train_on_batch([states, actions], y)
    slopes = critic.gradients(states, actor.model.predict(states))
    actor.train(states, slopes)
    actor.target_train()
    print("Step", step, "Loss %.6f" % loss, slopes[0])
print(actor.model.get_weights()[0])
print(actor.target_model.get_weights()[1], critic.model.get_weights()[-1])
